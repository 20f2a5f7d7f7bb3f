// Command pulumi-resource-crossorg is the plug-in that Pulumi's engine starts for programs of any language that use
// the crossorg package.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/crossorg/crossorg/provider"
)

func main() {
	p, err := provider.New()
	if err == nil {
		err = p.Run(context.Background(), provider.Name, provider.Version)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-%s: %s\n", provider.Name, err)
		os.Exit(1)
	}
}
