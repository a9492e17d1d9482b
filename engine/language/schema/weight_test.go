package schema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestWeight compares with what decoding takes, garbage included: nobody makes a value that
// takes many times what it is counted as.
func TestWeight(t *testing.T) {
	for _, item := range []string{"[]", "{}", `""`, "1", "1.5", "null", "true", `{"a":1}`, `"a text of some length"`, "[[[[]]]]", `{"%d":{}}`} {
		text := "[" + item + strings.Repeat(","+item, 20_000) + "]"
		if strings.Contains(item, "%d") {
			text = "[0"
			for i := range 20_000 {
				text += "," + fmt.Sprintf(item, i)
			}
			text += "]"
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, err := DecodeAny([]byte(text))
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		taken, weight := int(after.TotalAlloc-before.TotalAlloc), Weight(v)
		if weight < taken/6 || weight > 3*taken {
			t.Errorf("%d times %s weighs %d, and took %d", 20_000, item, weight, taken)
		}
	}
}
