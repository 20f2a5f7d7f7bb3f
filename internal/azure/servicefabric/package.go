package servicefabric

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

// Limits on a package. Azure documents none; these keep a wrong URL from filling the disk or the memory.
const (
	packageBytes   = 256 << 20
	packageEntries = 10_000
	manifestBytes  = 4 << 20
	fetchTime      = 5 * time.Minute
)

// applicationPackage is what a .sfpkg says about itself.
type applicationPackage struct {
	TypeName, TypeVersion string
	// Parameters are the names that an application may set.
	Parameters []string
	// ServiceTypes are the service types by name, with their kind: Stateless or Stateful.
	ServiceTypes map[string]string
}

// applicationManifest is ApplicationManifest.xml, as far as it is looked at.
// Source: https://learn.microsoft.com/azure/service-fabric/service-fabric-service-model-schema-elements
type applicationManifest struct {
	XMLName     xml.Name `xml:"ApplicationManifest"`
	TypeName    string   `xml:"ApplicationTypeName,attr"`
	TypeVersion string   `xml:"ApplicationTypeVersion,attr"`
	Parameters  []struct {
		Name string `xml:"Name,attr"`
	} `xml:"Parameters>Parameter"`
	Imports []struct {
		Ref struct {
			Name    string `xml:"ServiceManifestName,attr"`
			Version string `xml:"ServiceManifestVersion,attr"`
		} `xml:"ServiceManifestRef"`
	} `xml:"ServiceManifestImport"`
}

// serviceManifest is ServiceManifest.xml, as far as it is looked at.
type serviceManifest struct {
	XMLName xml.Name `xml:"ServiceManifest"`
	Name    string   `xml:"Name,attr"`
	Version string   `xml:"Version,attr"`
	Types   struct {
		Stateless []serviceTypeElement `xml:"StatelessServiceType"`
		Stateful  []serviceTypeElement `xml:"StatefulServiceType"`
	} `xml:"ServiceTypes"`
	Code []codePackage `xml:"CodePackage"`
}

// codePackage names a folder of the package, and the program in it that hosts the services.
type codePackage struct {
	Name string  `xml:"Name,attr"`
	Host exeHost `xml:"EntryPoint>ExeHost"`
}

type exeHost struct {
	// External programs are on the machine already.
	External bool   `xml:"IsExternalExecutable,attr"`
	Program  string `xml:"Program"`
}

type serviceTypeElement struct {
	Name string `xml:"ServiceTypeName,attr"`
}

// packageError is a package that Service Fabric's image builder refuses; its text begins with the builder's own code.
type packageError struct{ code, detail string }

func (e *packageError) Error() string { return e.code + ": " + e.detail }

func refused(format string, args ...any) error {
	return &packageError{"FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR", fmt.Sprintf(format, args...)}
}

func unreachable(format string, args ...any) error {
	return &packageError{"FABRIC_E_IMAGEBUILDER_UNEXPECTED_ERROR", fmt.Sprintf(format, args...)}
}

// fetchPackage downloads and reads a package. Neither its result nor its errors show the URL's query, which holds a
// signature.
func fetchPackage(ctx context.Context, client *http.Client, from string) (*applicationPackage, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, unreachable("the package's URL is not valid")
	}
	res, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the URL
		}
		return nil, unreachable("the package could not be downloaded: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, unreachable("The remote server returned an error: (%d) %s.", res.StatusCode,
			http.StatusText(res.StatusCode))
	}
	file, err := os.CreateTemp("", "sfpkg-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	size, err := io.Copy(file, io.LimitReader(res.Body, packageBytes+1))
	switch {
	case err != nil:
		return nil, unreachable("the package could not be downloaded whole: %v", err)
	case size > packageBytes:
		return nil, refused("the package is larger than %d MiB", packageBytes>>20)
	}
	return readPackage(file, size)
}

// readPackage checks a package and reads its manifests.
func readPackage(r io.ReaderAt, size int64) (*applicationPackage, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, refused("the package is not a zip file: %v", err)
	}
	if len(archive.File) > packageEntries {
		return nil, refused("the package has %d entries, more than %d", len(archive.File), packageEntries)
	}
	files := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		name := strings.ReplaceAll(f.Name, `\`, "/") // some Windows tools write backslashes
		if path.IsAbs(name) || strings.Contains("/"+name+"/", "/../") {
			return nil, refused("the package has an entry outside of itself: %q", f.Name)
		}
		files[strings.ToLower(name)] = f
	}
	var app applicationManifest
	if err := readManifest(files, "ApplicationManifest.xml", &app); err != nil {
		return nil, err
	}
	out := &applicationPackage{TypeName: app.TypeName, TypeVersion: app.TypeVersion, ServiceTypes: map[string]string{}}
	for _, p := range app.Parameters {
		out.Parameters = append(out.Parameters, p.Name)
	}
	if len(app.Imports) == 0 {
		return nil, refused("ApplicationManifest.xml imports no service manifest")
	}
	for _, i := range app.Imports {
		if err := out.addServices(files, i.Ref.Name, i.Ref.Version); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addServices reads one imported service manifest and looks for the code that it names.
func (p *applicationPackage) addServices(files map[string]*zip.File, name, version string) error {
	var m serviceManifest
	at := name + "/ServiceManifest.xml"
	if err := readManifest(files, at, &m); err != nil {
		return err
	}
	if m.Name != name || m.Version != version {
		return refused("%s is '%s' version '%s', and ApplicationManifest.xml imports '%s' version '%s'", at, m.Name,
			m.Version, name, version)
	}
	for _, code := range m.Code {
		if !hasFolder(files, name+"/"+code.Name) {
			return refused("the code package '%s' of service manifest '%s' has no folder in the package", code.Name,
				name)
		}
		if program := strings.TrimSpace(code.Host.Program); program != "" && !code.Host.External &&
			!hasProgram(files, name+"/"+code.Name, program) {
			// Source: https://github.com/dotnet/orleans/issues/5311
			return refused("The EntryPoint %s is not found.\r\nFileName: %s", program, at)
		}
	}
	if len(m.Types.Stateless)+len(m.Types.Stateful) == 0 {
		return refused("%s has no service type", at)
	}
	for kind, list := range map[string][]serviceTypeElement{"Stateless": m.Types.Stateless,
		"Stateful": m.Types.Stateful} {
		for _, t := range list {
			if _, twice := p.ServiceTypes[t.Name]; twice {
				return refused("the service type '%s' is defined twice", t.Name)
			}
			p.ServiceTypes[t.Name] = kind
		}
	}
	return nil
}

func hasFolder(files map[string]*zip.File, folder string) bool {
	prefix := strings.ToLower(folder) + "/"
	for name := range files {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	// a code package may itself be zipped
	_, zipped := files[strings.ToLower(folder)+".zip"]
	return zipped
}

// hasProgram looks for a program in a code package. It does not open zip files in the package.
func hasProgram(files map[string]*zip.File, folder, program string) bool {
	if _, zipped := files[strings.ToLower(folder)+".zip"]; zipped {
		return true
	}
	_, ok := files[strings.ToLower(folder+"/"+strings.ReplaceAll(program, `\`, "/"))]
	return ok
}

func readManifest(files map[string]*zip.File, name string, into any) error {
	f, ok := files[strings.ToLower(name)]
	if !ok {
		return refused("the package has no %s", name)
	}
	r, err := f.Open()
	if err != nil {
		return refused("%s cannot be read: %v", name, err)
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, manifestBytes+1))
	if err != nil {
		return refused("%s cannot be read: %v", name, err)
	}
	if len(raw) > manifestBytes {
		return refused("%s is larger than %d MiB", name, manifestBytes>>20)
	}
	if err := xml.Unmarshal(raw, into); err != nil {
		return refused("%s is not valid: %v", name, err)
	}
	return nil
}
