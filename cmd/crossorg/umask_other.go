//go:build !unix

package main

// keepPrivate does nothing where files have no mode: they inherit the access of the user's folder.
func keepPrivate() {}
