package system

import (
	"fmt"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/cache"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const cacheDoc = "What is kept is in the memory of the server: all of the app's chains read it, a restart forgets it, a reload does not, and what is used least goes first when it becomes too much (64 MiB in all). " + keyDoc

// CacheGet reads what is kept.
var CacheGet = action.Define(action.Spec[cacheKey, any]{
	Name: "cache.get", Summary: "Gives the value that is kept under a key, or null.", Main: "key", Doc: cacheDoc,
	Gives:   "json: what was kept, or null",
	Example: "- cache.get: films\n  as: known\n- if: ${known == null}\n  then:\n    - sql.select: SELECT title, year FROM films\n    - cache.set: {key: films, value: \"${last}\", for: 10m}\n",
	Prepare: func(l action.Load, in *cacheKey) action.Result {
		checkKey(l, "key", &in.Key)
		return action.Gives(schema.AnyType)
	},
	Run: func(c *action.Call, in *cacheKey) (any, error) {
		key, err := in.Key.Value(c)
		if err != nil {
			return nil, err
		}
		v, _ := c.Services.Cache.Get(string(key), c.Time())
		return v, nil
	},
})

type cacheKey struct {
	Key action.Expr[action.Text] `doc:"The key: any text." leak:"would be the key of a value that all chains read"`
}

// valueTooLarge is the failure of a value that is not kept.
var valueTooLarge = action.Outcome{Status: 500, Code: "value_too_large", When: fmt.Sprintf("the value takes more than %d MiB as JSON, or %d MiB in memory", cache.Largest>>20, cache.Heaviest>>20)}

// longestCached is how long a value may be kept.
const longestCached = 30 * 24 * time.Hour

// CacheSet keeps a value.
var CacheSet = action.Define(action.Spec[cacheSet, action.None]{
	Name: "cache.set", Summary: "Keeps a value for a while, for all chains of the app to read.",
	Doc:      cacheDoc + " Only public values are kept: what is one user's own has no place here, unless the key names the user.",
	Example:  "- cache.set: {key: \"weather/${args.city}\", value: \"${args.report}\", for: 10m}\n",
	Failures: []action.Outcome{valueTooLarge, action.OutOfRange},
	Prepare: func(l action.Load, in *cacheSet) action.Result {
		checkKey(l, "key", &in.Key)
		if d, known := in.For.Constant(); known && (d <= 0 || d > longestCached) {
			l.Problem(source.Problem{Span: l.At("for"), Code: action.OutOfRange.Code, Text: "a value is kept for more than nothing and at most 30d"})
		}
		return action.Effect
	},
	Run: runCacheSet,
})

type cacheSet struct {
	Key   action.Expr[action.Text]   `doc:"The key: any text. What was kept under it is replaced." leak:"would be the key of a value that all chains read"`
	Value action.Expr[any]           `doc:"The value, at most 1 MiB as JSON." leak:"would be kept where all chains read it"`
	For   action.Expr[time.Duration] `doc:"How long it is kept, at most 30d." default:"1h"`
}

func runCacheSet(c *action.Call, in *cacheSet) (none action.None, err error) {
	key, err := in.Key.Value(c)
	if err != nil {
		return none, err
	}
	value, _, err := in.Value.Optional(c)
	if err != nil {
		return none, err
	}
	d, err := in.For.Value(c)
	if err != nil {
		return none, err
	}
	if d <= 0 || d > longestCached {
		return none, action.Fail(action.OutOfRange.Status, action.OutOfRange.Code, "A value is kept for more than nothing and at most 30d.")
	}
	weight := schema.Weight(value)
	if weight > cache.Heaviest || len(schema.AppendJSON(nil, value)) > cache.Largest {
		return none, &action.Failure{Status: valueTooLarge.Status, Code: valueTooLarge.Code, Detail: "Something went wrong here. It has been logged.", Reason: "the value for the cache is too large"}
	}
	c.Services.Cache.Set(strings.Clone(string(key)), schema.Detach(value), weight, c.Time().Add(d))
	return none, nil
}

// CacheDelete forgets a value.
var CacheDelete = action.Define(action.Spec[cacheKey, action.None]{
	Name: "cache.delete", Summary: "Forgets the value that is kept under a key, if there is one.", Main: "key", Doc: cacheDoc,
	Example: "- cache.delete: rates\n",
	Prepare: func(l action.Load, in *cacheKey) action.Result {
		checkKey(l, "key", &in.Key)
		return action.Effect
	},
	Run: func(c *action.Call, in *cacheKey) (action.None, error) {
		key, err := in.Key.Value(c)
		if err == nil {
			c.Services.Cache.Delete(string(key))
		}
		return action.None{}, err
	},
})
