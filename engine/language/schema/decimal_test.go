package schema

import (
	"strings"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"0", "0"}, {"-0", "0"}, {"12", "12"}, {"9.90", "9.90"}, {"-0.50", "-0.50"}, {"1e3", "1000"}, {"1.5e-3", "0.0015"},
		{"007", "7"}, {"0e50", "0"}, {"1E+2", "100"}, {strings.Repeat("9", 100), strings.Repeat("9", 100)},
		{"1e99", "1" + strings.Repeat("0", 99)}, {"0." + strings.Repeat("0", 98) + "1", "0." + strings.Repeat("0", 98) + "1"},
	} {
		d, err := ParseDecimal(c.text)
		if err != nil || d.String() != c.want {
			t.Errorf("ParseDecimal(%q) = %v, %v; want %s", c.text, d, err, c.want)
		}
	}
	for _, text := range []string{"", "-", "+1", ".5", "5.", "1e", "1e+", "0x1", "1_000", "inf", "NaN", " 1", "1 ", "1.2.3", "−1", "1e5e5"} {
		if d, err := ParseDecimal(text); err != errDecimal {
			t.Errorf("ParseDecimal(%q) = %v, %v", text, d, err)
		}
	}
	for _, text := range []string{"1e100", "1e-100", "1e999999999", "1e-999999999", "1e99999999999999999999", strings.Repeat("9", 101),
		"0." + strings.Repeat("0", 100), strings.Repeat("1", 1<<20), "1e99999", "0e-99999"} {
		if d, err := ParseDecimal(text); err != errDecimalDigits {
			t.Errorf("ParseDecimal(%.20q) = %v, %v", text, d, err)
		}
	}
}

func decimalOf(t *testing.T, text string) Decimal {
	t.Helper()
	d, err := ParseDecimal(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return d
}

func TestDecimalArithmetic(t *testing.T) {
	t.Parallel()
	a, b := decimalOf(t, "0.1"), decimalOf(t, "0.20")
	check := func(name string, d Decimal, err error, want string) {
		t.Helper()
		if err != nil || d.String() != want {
			t.Errorf("%s = %v, %v; want %s", name, d, err, want)
		}
	}
	sum, err := a.Add(b)
	check("0.1 + 0.20", sum, err, "0.30")
	difference, err := a.Sub(b)
	check("0.1 - 0.20", difference, err, "-0.10")
	product, err := a.Mul(b)
	check("0.1 * 0.20", product, err, "0.020")
	check("-0.1", a.Neg(), nil, "-0.1")
	var zero Decimal
	sum, err = zero.Add(a)
	check("0 + 0.1", sum, err, "0.1")

	huge, tiny := decimalOf(t, strings.Repeat("9", 100)), decimalOf(t, "0."+strings.Repeat("0", 98)+"1")
	if _, err := huge.Add(FromInt(1)); err == nil {
		t.Error("a sum of 101 digits passed")
	}
	if _, err := huge.Sub(tiny); err == nil {
		t.Error("a difference of 199 digits passed")
	}
	if _, err := huge.Mul(huge); err == nil {
		t.Error("a product of 200 digits passed")
	}
}

func TestDecimalCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"1", "1.00", 0}, {"0", "-0.0", 0}, {"-1", "1", -1}, {"1e50", "1e-49", 1}, {"0.1", "0.10000001", -1}} {
		if got := decimalOf(t, c.a).Compare(decimalOf(t, c.b)); got != c.want {
			t.Errorf("%s against %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if f := decimalOf(t, "0.1").Float(); f != 0.1 {
		t.Errorf("0.1 is %v as a float", f)
	}
	for text, want := range map[string]bool{"7": true, "7.00": true, "7.01": false, "0": true, "0.00": true, "1e5": true} {
		if got := decimalOf(t, text).IsInteger(); got != want {
			t.Errorf("%s is an integer: %v", text, got)
		}
	}
}
