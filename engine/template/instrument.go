package template

import "text/template/parse"

// Names of functions that no author can write.
const (
	turnFunction  = "_turn"  // counts a turn
	shownFunction = "_shown" // a value as it is written
	itemsFunction = "_items" // what range goes through, for one variable or none
	pairsFunction = "_pairs" // for two
)

// instrument readies a tree to run within bounds: every template and every turn of a
// range begins by counting, ranges go through objects in the order of their fields, and
// values are written as the language writes them.
func instrument(tree *parse.Tree) {
	walk(tree.Root, 0, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 && !endsIn(n.Pipe, "urlquery") {
				pipe(tree, n.Pipe, shownFunction)
			}
		case *parse.RangeNode:
			name := itemsFunction
			if len(n.Pipe.Decl) > 1 {
				name = pairsFunction
			}
			pipe(tree, n.Pipe, name)
			begin(tree, n.List)
		}
	})
	begin(tree, tree.Root)
}

// endsIn reports whether a pipeline ends in a function that html/template wants at the end.
func endsIn(p *parse.PipeNode, name string) bool {
	if len(p.Cmds) == 0 {
		return false
	}
	id, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode)
	return ok && id.Ident == name
}

// pipe appends a function to a pipeline.
func pipe(t *parse.Tree, p *parse.PipeNode, name string) {
	p.Cmds = append(p.Cmds, command(t, name, p.Pos))
}

// command is a call of a function. The name knows its tree: what it fails with has a place.
func command(t *parse.Tree, name string, at parse.Pos) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{parse.NewIdentifier(name).SetPos(at).SetTree(t)}}
}

// begin puts {{if _turn}}{{end}} ahead of a list: in HTML an action would stand in a
// context and be escaped for it, a condition is not.
func begin(t *parse.Tree, l *parse.ListNode) {
	condition := &parse.IfNode{BranchNode: parse.BranchNode{NodeType: parse.NodeIf, Pos: l.Pos,
		Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Pos: l.Pos, Cmds: []*parse.CommandNode{command(t, turnFunction, l.Pos)}},
		List: &parse.ListNode{NodeType: parse.NodeList, Pos: l.Pos}}}
	l.Nodes = append([]parse.Node{condition}, l.Nodes...)
}
