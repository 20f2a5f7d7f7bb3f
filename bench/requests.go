package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// requests sums up a request log.
type requests struct {
	// count of requests, and the time in milliseconds that the embedded Azure took to answer: in the mean, and at
	// worst.
	count           int
	meanMs, worstMs float64
}

// readRequests reads a request log. A log that was not begun has no requests.
func readRequests(path string) (requests, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return requests{}, nil
	}
	if err != nil {
		return requests{}, err
	}
	defer f.Close()
	r, err := sumRequests(bufio.NewReader(f))
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func sumRequests(log io.Reader) (requests, error) {
	var r requests
	sum := 0.0
	for lines := json.NewDecoder(log); ; {
		var line struct {
			DurationMs float64 `json:"durationMs"`
		}
		switch err := lines.Decode(&line); {
		case err == io.EOF:
			if r.count > 0 {
				r.meanMs = sum / float64(r.count)
			}
			return r, nil
		case err != nil:
			return r, err
		}
		r.count++
		sum += line.DurationMs
		r.worstMs = max(r.worstMs, line.DurationMs)
	}
}
