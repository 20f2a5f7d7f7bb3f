package process

import (
	"context"
	"os/exec"

	"github.com/google/uuid"
)

// markVariable is the environment variable that everything carries which a watched child starts: a number of its own,
// and whom it works for.
const markVariable = "CROSSORG_RUN"

// RunWatched is RunStarted for a child whose children outlive it when it is killed. A Pulumi engine's language host
// does so, and waits for its engine for ever. When this process dies, in whatever way, the child may still finish, and
// what it leaves is killed then. owner tells the children of one owner from others', for EndLeft. Elsewhere than on
// Linux it is RunStarted.
func RunWatched(
	ctx context.Context, cmd *exec.Cmd, killed <-chan struct{}, owner string, started func(pid int),
) error {
	mark := markVariable + "=" + uuid.NewString() + " " + owner
	cmd.Env = append(cmd.Environ(), mark)
	watched, ended := watch(mark)
	defer ended()
	return RunStarted(ctx, cmd, killed, func(pid int) {
		watched(pid)
		started(pid)
	})
}
