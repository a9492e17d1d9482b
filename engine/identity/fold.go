package identity

// same reports whether two names, or two addresses, are the same to the database: letters
// of ASCII are compared without case, and no others. Whatever decides who somebody is must
// not take more for the same than the database does: strings.EqualFold takes K, the
// sign for kelvin, for k.
func same(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
