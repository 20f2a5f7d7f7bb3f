// Package local runs the project's unchanged Pulumi program on the embedded Azure.
//
// A run is the real Pulumi CLI with its Go language host, started as the Automation API does, in a home folder that
// keeps project, stack files, state, passphrase and the embedded Azure's data. What makes the run local is the
// environment of the CLI's process alone: the attached bridge, the credentials of a local principal, the home's state
// backend. The repository's stack files are read and never written, and the program cannot tell where it runs.
package local
