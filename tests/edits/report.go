package main

import "fmt"

// table is the result of a run as a row of the report's table.
func (s *sweep) table(steps, length, seed int) string {
	return fmt.Sprintf("| %d | %d | %d | %d | %d | %d | %d |\n", seed, steps, length, s.updates, s.refused, s.fresh,
		len(s.failures))
}
