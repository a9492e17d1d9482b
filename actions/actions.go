// Package actions is the list of the actions that come with the engine.
package actions

import (
	"cloudlet/actions/control"
	"cloudlet/actions/data"
	"cloudlet/actions/identity"
	"cloudlet/actions/system"
	"cloudlet/actions/text"
	"cloudlet/actions/web"
	"cloudlet/engine/action"
)

// All lists every action, in the order in which documentation shows them.
func All() []*action.Action {
	return []*action.Action{
		control.If, control.Switch, control.ForEach, control.While, control.Parallel, control.Try, control.Transaction,
		control.Set, control.Return, control.Respond, control.Fail, control.Wait, control.Call, control.Assert,
		identity.Authenticate, identity.Authorize,
		data.Select, data.One, data.Value, data.Execute,
		web.Header, web.Cookie, web.Redirect, web.Status,
		system.Log,
		text.Hash, text.Random,
	}
}
