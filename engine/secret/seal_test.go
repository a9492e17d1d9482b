package secret

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	k := openKeyring(t, t.TempDir())
	text := []byte("Dear Alice, here is your link")
	sealed := k.Seal("mail", text)
	if sealed == k.Seal("mail", text) {
		t.Error("two seals of the same text are the same")
	}
	must(t, k.Rotate(time.Hour), k.rotate(time.Now().Add(48*time.Hour), time.Hour))
	opened, err := k.Open("mail", sealed)
	must(t, err)
	if string(opened) != string(text) {
		t.Errorf("opened %q", opened)
	}
	last := sealed[len(sealed)-2:]
	for what, other := range map[string]string{
		"cut": sealed[:len(sealed)-2], "changed": strings.TrimSuffix(sealed, last) + "AA", "empty": "",
		"no text": strings.Split(sealed, ".")[0] + ".", "another kid": strings.Repeat("0", 16) + sealed[16:],
		"a line break": sealed[:30] + "\n" + sealed[30:],
	} {
		if _, err := k.Open("mail", other); !errors.Is(err, ErrNotOpened) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := k.Open("audit", sealed); !errors.Is(err, ErrNotOpened) {
		t.Errorf("opened for another purpose: %v", err)
	}
	if _, err := NewKeyring().Open("mail", sealed); !errors.Is(err, ErrNotOpened) {
		t.Errorf("opened with another secret: %v", err)
	}
}

// TestOpenJSON has many open at once what another process sealed after it rotated the secret.
func TestOpenJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, theirs := openKeyring(t, dir), openKeyring(t, dir)
	for range 20 {
		must(t, theirs.Rotate(time.Hour))
		sealed := theirs.SealJSON("mail", []byte("text"))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if plain, err := ours.OpenJSON("mail", sealed); err != nil || string(plain) != "text" {
					t.Errorf("opened %q: %v", plain, err)
				}
			})
		}
		wg.Wait()
	}
	for what, text := range map[string]json.RawMessage{"another secret's": NewKeyring().SealJSON("mail", nil),
		"another purpose's": ours.SealJSON("audit", nil), "not sealed": []byte(`{"sealed":"text"}`), "no object": []byte(`"text"`), "nothing": nil} {
		if _, err := ours.OpenJSON("mail", text); !errors.Is(err, ErrNotOpened) {
			t.Errorf("%s is opened: %v", what, err)
		}
	}
}

// FuzzOpen looks for a text that opens and that nobody sealed.
func FuzzOpen(f *testing.F) {
	k := NewKeyring()
	sealed := k.Seal("mail", []byte("text"))
	f.Add(sealed)
	f.Add(sealed[:20])
	f.Add("." + sealed)
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := k.Open("mail", text); err == nil && (text != sealed || string(plain) != "text") {
			t.Errorf("%q opened as %q", text, plain)
		}
	})
}
