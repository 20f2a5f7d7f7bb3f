// Package statebackend keeps Pulumi's state for local runs. It serves, on loopback, the part of the Pulumi service's
// HTTP protocol that the CLI uses for stacks, updates and their journals, so that an update costs what it changes and
// not the whole state at every step.
//
// A stack's checkpoint is a file in the format of Pulumi's file backend, at the place where that backend keeps it: a
// folder that the file backend filled is taken over as it is. While an update runs its journal lies beside it, one
// entry a line, each on disk before the engine hears that it is. At the end of the update, or when the folder is opened
// after a crash, the journal is replayed over the checkpoint and removed.
//
// The journal's entries are the engine's (apitype.JournalEntry, journal version 1). What they mean follows from the
// engine's own replay, backend/journal.go of Pulumi's pkg module. Resources are handled as the JSON that the engine
// wrote, so that what a newer engine records is kept.
//
// Secrets are encrypted by the CLI with the stack's passphrase before they get here.
package statebackend
