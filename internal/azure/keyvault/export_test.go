package keyvault

// ServedOperation is a row of the data plane's table.
type ServedOperation struct{ Name, Method, Path, Action string }

// ServedOperations are the rows that are answered.
func ServedOperations() (out []ServedOperation) {
	for _, op := range operations {
		if op.run != nil {
			out = append(out, ServedOperation{op.name, op.method, op.path, op.action})
		}
	}
	return out
}
