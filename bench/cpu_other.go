//go:build !unix

package main

import "time"

// cpuTimes are unknown on this system.
func cpuTimes() (own, children time.Duration) { return 0, 0 }

// peakMemory is unknown here.
func peakMemory() (own, children int64) { return 0, 0 }
