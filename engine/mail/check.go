package mail

import "time"

// Check says what Send would refuse a message for, a *failure.Error, without sending it. from
// is who sends where the message does not say it.
func Check(m *Message, from string) error {
	_, err := build(m, from, time.Now())
	return err
}

// IsAddress reports whether a text is an address that mail can be sent to or from.
func IsAddress(text string) bool {
	_, err := parse("", []string{text})
	return err == nil
}

// AddressOf is the address in a text, without the name of whose it is; "" where there is none.
func AddressOf(text string) string {
	list, err := parse("", []string{text})
	if err != nil {
		return ""
	}
	return list[0].Address
}
