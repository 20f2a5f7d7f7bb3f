//go:build unix

package main

import "syscall"

// keepPrivate makes files that this process and those it starts create readable by their owner alone: they hold keys,
// and the state that the Pulumi CLI keeps.
func keepPrivate() { syscall.Umask(0o077) }
