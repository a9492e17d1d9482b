package plan

import (
	"crypto/sha256"
	"io"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// digest tells the files of two requests apart, by their content.
func (x *exchange) digest() (string, error) {
	hash := sha256.New()
	args, _ := x.call.Slots[action.ArgsSlot].(*schema.Object)
	for _, v := range args.All() {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, item := range list {
			if err := x.digestFile(hash, item); err != nil {
				return "", err
			}
		}
	}
	return string(hash.Sum(nil)), nil
}

func (x *exchange) digestFile(into io.Writer, v any) error {
	u, ok := schema.UploadOf(v)
	if !ok {
		return nil
	}
	f, err := x.Received(u).Open() // what is among the arguments came with the request
	if err != nil {
		return err
	}
	defer f.Close()
	inner := sha256.New() // of each its own, so that nothing can move from one to the next
	if _, err := io.Copy(inner, f); err != nil {
		return err
	}
	_, err = into.Write(inner.Sum(nil))
	return err
}
