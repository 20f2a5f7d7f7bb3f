//go:build unix

package main

import (
	"runtime"
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

// peakMemory is the most memory, in MB, that this process has had resident, and the most of any of its children that
// have ended.
func peakMemory() (own, children int64) {
	return resident(syscall.RUSAGE_SELF), resident(syscall.RUSAGE_CHILDREN)
}

func resident(who int) int64 {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	const kibi, mebi = 1 << 10, 1 << 20
	bytes := int64(u.Maxrss) * kibi
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		bytes = int64(u.Maxrss) // it counts bytes there
	}
	return bytes / mebi
}
