package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsSequences has a console take control sequences, which older consoles do only on request
// (learn.microsoft.com/windows/console/console-virtual-terminal-sequences).
func understandsSequences(file *os.File) bool {
	var mode uint32
	handle := windows.Handle(file.Fd())
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
