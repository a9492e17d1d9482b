package identity

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// touched counts the changes of users, so that a ticket that was verified is looked at
// again when its user has changed, and no others are. Names share the counters: a
// change of one may have others read again too, which does no harm.
type touched struct {
	seed   maphash.Seed
	counts [1024]atomic.Uint64
}

func (t *touched) of(name string) *atomic.Uint64 {
	return &t.counts[maphash.String(t.seed, strings.ToLower(name))%uint64(len(t.counts))]
}

func (t *touched) touch(name string) { t.of(name).Add(1) }
