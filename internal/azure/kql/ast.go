package kql

// let binds a name to a scalar or to a table.
type let struct {
	name   string
	scalar expr
	table  *tabular
}

// tabular is a source piped through operators.
type tabular struct {
	source source
	ops    []operator
}

// source is where rows come from. One of name, sub, union, data and print is set.
type source struct {
	at   int
	name string
	// workspace is set for workspace("…").name: the workspace's id (GUID), ARM id or name.
	workspace string
	sub       *tabular
	union     *union
	data      *Table
	print     []named
}

// union is the union of tables.
type union struct {
	fuzzy, inner bool
	// with names the column that says which table a row is of; "" for none.
	with  string
	parts []tabular
}

// expr is a scalar expression.
type expr interface{ pos() int }

type (
	literal struct {
		at    int
		typ   Type
		value any
	}
	nameRef struct {
		at   int
		name string
	}
	// member is of.name or of["name"]; element is of[index].
	member struct {
		at   int
		of   expr
		name string
	}
	element struct {
		at    int
		of    expr
		index expr
	}
	call struct {
		at   int
		name string
		args []expr
	}
	unary struct {
		at      int
		operand expr
	}
	binary struct {
		at          int
		op          string
		left, right expr
	}
	// inList is left in (list), between left between (list[0] .. list[1]).
	inList struct {
		at   int
		op   string
		left expr
		list []expr
	}
	// star is the * of arg_max(x, *).
	star struct{ at int }
)

func (e literal) pos() int { return e.at }
func (e nameRef) pos() int { return e.at }
func (e member) pos() int  { return e.at }
func (e element) pos() int { return e.at }
func (e call) pos() int    { return e.at }
func (e unary) pos() int   { return e.at }
func (e binary) pos() int  { return e.at }
func (e inList) pos() int  { return e.at }
func (e star) pos() int    { return e.at }

// named is an expression with the name it is given; "" for none.
type named struct {
	name string
	expr expr
}

// operator is one step of a pipe.
type operator any

type (
	whereOp   struct{ cond expr }
	projectOp struct{ items []named }
	extendOp  struct{ items []named }
	// dropOp is project-away, keepOp project-keep, renameOp project-rename (new name, old name).
	dropOp      struct{ names []nameRef }
	keepOp      struct{ names []nameRef }
	renameOp    struct{ items []named }
	summarizeOp struct{ aggregates, by []named }
	sortOp      struct{ keys []sortKey }
	topOp       struct {
		n    int
		keys []sortKey
	}
	takeOp     struct{ n int }
	countOp    struct{}
	distinctOp struct {
		all   bool
		items []named
	}
	unionOp struct{ with *union }
)

type sortKey struct {
	expr expr
	asc  bool
	// nullsFirst follows from the direction unless the query says otherwise.
	nullsFirst bool
}
