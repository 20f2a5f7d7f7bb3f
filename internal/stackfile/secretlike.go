package stackfile

import (
	"regexp"
	"strings"
	"unicode"
)

// HiddenName stands for a name that may be a secret in the wrong place.
const HiddenName = "…"

// ShownName is a name of a file as a message may show it. A name is hidden only when it has characters that no name
// has, as a person has to find it.
func ShownName(name string) string {
	unusual := func(r rune) bool {
		usual := unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" -_./:,@<>", r)
		return r > unicode.MaxASCII || !usual
	}
	if SecretLike(name) && strings.ContainsFunc(name, unusual) {
		return HiddenName
	}
	return name
}

var timeLike = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+)?( ?[-+Z0-9:UTC ]*)?$`)

// SecretLike reports whether a text has the shape of a generated secret, a password or a token, and not that of what
// a configuration is made of: names, ids, times, addresses and sentences.
func SecretLike(text string) bool {
	const shortest = 8 // of a password
	if len(text) < shortest || guid.MatchString(text) {
		return false
	}
	if timeLike.MatchString(text) {
		return false
	}
	var lower, upper, digit, special, longest, run int
	for _, r := range text {
		run++
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		case strings.ContainsRune(" -_./:,@", r): // they separate words, and the parts of addresses
			run = 0
		default:
			special = 1
		}
		longest = max(longest, run)
	}
	const wordy = 24 // no word is longer
	return lower+upper+digit+special >= 3 || special == 1 && digit == 1 || digit == 1 && longest >= wordy
}
