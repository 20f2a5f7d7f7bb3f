//go:build !windows

package console

import "os"

// understandsSequences is true of every terminal here; TERM=dumb names the exception.
func understandsSequences(*os.File) bool { return true }
