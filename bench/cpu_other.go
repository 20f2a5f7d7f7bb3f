//go:build !unix

package main

import "time"

// cpuTimes are unknown on this system.
func cpuTimes() (own, children time.Duration) { return 0, 0 }
