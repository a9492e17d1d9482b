package query

import (
	"strings"
	"testing"
)

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "%", "Alien", "%alien%", "a%b%c_d", "%" + strings.Repeat("-", 10) + "%", strings.Repeat("%a", 499), strings.Repeat("_", 500), "%" + strings.Repeat("_", 500), strings.Repeat("a", 1000),
		strings.Repeat("a", 900) + "%b", "%the quick brown fox jumps over the lazy dog, the quick brown fox jumps over the lazy dog%", `%\%\%\_\\`, `\`, "%é%", "%\xff"} {
		if why := CheckPattern(good); why != "" {
			t.Errorf("%q %s", good, why)
		}
	}
	for _, bad := range []string{"%" + strings.Repeat("a", 500) + "b", "x%" + strings.Repeat("aA", 20), "%" + strings.Repeat("ab", 40), "%a" + strings.Repeat("_", 40) + "b", "%" + strings.Repeat("a_", 40), "%" + strings.Repeat(`\%`, 40),
		"%" + strings.Repeat("é", 40), "%" + strings.Repeat("a", 30) + "b" + strings.Repeat("a", 30), "%x%" + strings.Repeat("abc", 100), strings.Repeat("x", 1001)} {
		if CheckPattern(bad) == "" {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestOverlaps compares with what SQLite does: how often a character is looked at.
func TestOverlaps(t *testing.T) {
	t.Parallel()
	for piece, want := range map[string]int{"": 0, "a": 0, "ab": 0, "aa": 1, "aaaa": 3, "abab": 1, "ababab": 2, "aab": 1, "abcabcabc": 2, "a_": 1, "a__": 2} {
		if got := overlaps(pieces("%" + piece)[1]); got != want {
			t.Errorf("%q: %d, not %d", piece, got, want)
		}
	}
}
