//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTimes are the CPU times, user and system, of this process and of its children that have ended.
func cpuTimes() (own, children time.Duration) {
	return used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
}

func used(who int) time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
