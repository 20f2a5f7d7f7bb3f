package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/settings"
)

// blobType is the type token of a file.
const blobType = "azure-native:storage:Blob"

// formerFiles lets an organization's files go on as what they were in older stacks: children of a share, with names
// that began with the share's and the data set's.
func formerFiles(ctx *pulumi.Context, s *settings.Settings, organization string) pulumi.ResourceOption {
	return pulumi.Transformations([]pulumi.ResourceTransformation{
		func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			at, isFile := strings.CutPrefix(args.Name, organization+"-provider/")
			if args.Type != blobType || !isFile {
				return nil
			}
			var former []pulumi.Alias
			for _, name := range formerNames(s, organization, at) {
				former = append(former, pulumi.Alias{URN: pulumi.URN(fmt.Sprintf(
					"urn:pulumi:%s::%s::crossorg:index:ShareWithDataset$%s::%s", ctx.Stack(), ctx.Project(), blobType,
					name))})
			}
			return &pulumi.ResourceTransformationResult{Props: args.Props,
				Opts: append(args.Opts, pulumi.Aliases(former))}
		},
	})
}

// formerNames are the names that a file at "<container>/<blob>" had, one for each data set that has it.
func formerNames(s *settings.Settings, organization, at string) []string {
	var names []string
	for _, share := range slices.Sorted(maps.Keys(s.Shares)) {
		if s.Shares[share].Provider != organization {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.Shares[share].DataSets)) {
			ds := s.Shares[share].DataSets[name]
			blob, inContainer := strings.CutPrefix(at, ds.Container+"/")
			switch {
			case ds.Source == "" || !inContainer:
			case ds.Kind == rules.Blob && blob == ds.Path:
				names = append(names, share+"-"+name)
			case ds.Kind == rules.Container, ds.Kind == rules.Folder && strings.HasPrefix(blob, ds.Path+"/"):
				names = append(names, share+"-"+name+"-"+blob)
			}
		}
	}
	return names
}
