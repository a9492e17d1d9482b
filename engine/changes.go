package engine

import (
	"context"
	"path/filepath"

	"cloudlet/engine/internal/settings"
	"cloudlet/engine/internal/watch"
)

// Changes tells of each change of the app's files in dir, until the context ends;
// then the channel is closed. Several changes within a moment are told as one.
func Changes(ctx context.Context, dir string) (<-chan struct{}, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w, err := watchApp(dir)
	if err != nil {
		return nil, err
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		defer w.Close() // nothing is lost with it
		for {
			select {
			case <-ctx.Done():
				return
			case <-w.Changes():
			}
			select {
			case <-ctx.Done():
				return
			case told <- struct{}{}:
			}
		}
	}()
	return told, nil
}

// watchApp watches all that an app is made of.
func watchApp(dir string) (*watch.Watcher, error) {
	return watch.Start(watch.Options{Roots: []string{filepath.Join(dir, settings.FileName), filepath.Join(dir, endpointsFolder)}})
}
