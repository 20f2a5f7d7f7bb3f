// Command crossorg-sdk makes what programs of other languages use the components with:
//
//	go run ./cmd/crossorg-sdk schema [-check]
//	go run ./cmd/crossorg-sdk nodejs FOLDER
//	go run ./cmd/crossorg-sdk python FOLDER
//
// "schema" writes schema.json from the components' source, or only compares it. The others generate an SDK into a
// folder from that schema; what was generated there before is replaced.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/crossorg/crossorg/provider"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crossorg-sdk:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	languages := strings.Join(provider.Languages(), "|")
	usage := fmt.Errorf("usage: crossorg-sdk schema [-check], or crossorg-sdk %s FOLDER", languages)
	if len(args) == 0 {
		return usage
	}
	if args[0] == "schema" {
		flags := flag.NewFlagSet("schema", flag.ContinueOnError)
		check := flags.Bool("check", false, "compare and write nothing")
		sources := flags.String("sources", filepath.Join("..", "components"), "folder of the components' source")
		out := flags.String("out", "schema.json", "the schema's file")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return writeSchema(ctx, *sources, *out, *check)
	}
	if len(args) != 2 {
		return usage
	}
	return provider.GenerateSDK(args[0], args[1])
}

func writeSchema(ctx context.Context, sources, out string, check bool) error {
	generated, err := provider.GenerateSchema(ctx, sources)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(out, generated, 0o644)
	}
	committed, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if !bytes.Equal(committed, generated) {
		return errors.New(out + " is not what the components' source says: run go generate in provider/")
	}
	return nil
}
