// Package actions is the list of the actions that come with the engine.
package actions

import (
	"cloudlet/actions/control"
	"cloudlet/actions/crypto"
	"cloudlet/actions/data"
	"cloudlet/actions/identity"
	"cloudlet/actions/system"
	"cloudlet/actions/text"
	"cloudlet/actions/web"
	"cloudlet/engine/action"
)

// Family is actions that belong together.
type Family struct {
	Name    string // that of the package they are in
	Summary string // what they are for, in a few words
	Actions []*action.Action
}

// Families lists every action by its family, in the order in which documentation
// shows them.
func Families() []Family {
	return []Family{
		{"control", "what runs, and in which order", []*action.Action{
			control.If, control.Switch, control.ForEach, control.While, control.Parallel, control.Try, control.Transaction,
			control.Set, control.Value, control.Return, control.Respond, control.Fail, control.Wait, control.Call, control.Assert,
		}},
		{"identity", "who asks", []*action.Action{
			identity.Authenticate, identity.Refresh, identity.Logout, identity.Authorize,
			identity.UserRegister, identity.UserCreate, identity.UserGet, identity.UserList, identity.UserAvailable, identity.UserUpdate, identity.UserChangePassword, identity.UserCheckPassword,
			identity.UserLock, identity.UserUnlock, identity.UserDelete,
			identity.UserConfirmation, identity.UserConfirm, identity.UserReset, identity.UserResetPassword,
			identity.RoleGrant, identity.RoleRevoke, identity.RoleSet, identity.RoleCreate, identity.RoleDelete, identity.RoleList,
			identity.TOTPEnroll, identity.TOTPConfirm, identity.TOTPVerify, identity.TOTPDisable, identity.TOTPReset,
			identity.APIKeyCreate, identity.APIKeyRevoke, identity.APIKeyList, identity.Impersonate,
			identity.OIDCStart, identity.OIDCFinish, identity.Captcha, identity.CaptchaChallenge,
		}},
		{"data", "what is kept in databases", []*action.Action{data.Select, data.One, data.Value, data.Execute, data.List, data.Get, data.Create, data.Update, data.Delete, data.Upsert}},
		{"web", "what the answer looks like, pages, mails, events and other services", []*action.Action{web.Header, web.Cookie, web.Redirect, web.Status,
			web.Template, web.Page, web.Mail, web.HTTP, web.WebhookSend, web.WebhookVerify, web.Publish}},
		{"system", "looking after the app itself", []*action.Action{system.Log, system.LogList, system.FileSave, system.FileLoad, system.FileDelete, system.FileList, system.FileSend, system.Job, system.CacheGet, system.CacheSet, system.CacheDelete, system.Lock, system.Audit, system.AuditList}},
		{"crypto", "hashes, signatures, sealed texts and tokens", []*action.Action{
			crypto.Hash, crypto.HMACSign, crypto.HMACVerify, crypto.PasswordHash, crypto.PasswordVerify,
			crypto.Encrypt, crypto.Decrypt, crypto.JWTSign, crypto.JWTVerify, crypto.Random,
		}},
		{"text", "reading and writing the formats of others, and checking values", []*action.Action{
			text.CSVParse, text.CSVFormat, text.Markdown, text.HTMLEscape, text.XMLParse, text.JSONParse, text.YAMLParse, text.Validate,
		}},
	}
}

// All lists every action, in the order of Families.
func All() []*action.Action {
	var all []*action.Action
	for _, f := range Families() {
		all = append(all, f.Actions...)
	}
	return all
}
