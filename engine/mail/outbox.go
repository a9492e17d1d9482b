package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cloudlet/engine/jobs"
)

// land writes a message into the outbox, where mail readers open it. Each attempt
// writes the same file, so that it is there once.
func (s *Service) land(j *jobs.Job, l *letter) error {
	name := fmt.Sprintf("%s-%06d.eml", j.EnqueuedAt.UTC().Format("20060102-150405"), j.ID)
	file := filepath.Join(s.o.Outbox, name)
	text := []io.Reader{bytes.NewReader(l.text)}
	if len(l.Bcc) > 0 {
		text = append([]io.Reader{strings.NewReader("Bcc: " + strings.Join(l.Bcc, ",\r\n ") + "\r\n")}, text...)
	}
	if err := replace(file, io.MultiReader(text...)); err != nil {
		s.o.Log.Error("a mail could not be written to the outbox", "reason", err)
		return &jobs.Failure{Reason: "the outbox cannot be written"}
	}
	reached("accepted")
	s.landed.Store(j.ID, file)
	return nil
}

// replace writes a file that is there whole or not at all.
func replace(file string, text io.Reader) error {
	dir, name := filepath.Split(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary := filepath.Join(dir, "."+name+".new") // of a killed attempt, too
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		reached("written")
		err = os.Rename(temporary, file)
	}
	return err
}
