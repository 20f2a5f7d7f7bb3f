package settings

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	paths "path"
	"slices"
	"strings"
)

// application is what an application package says about itself
// (learn.microsoft.com/azure/service-fabric/service-fabric-application-model).
type application struct {
	typeName, version string
	// services are the service types, and whether each is stateless.
	services map[string]bool
}

// manifestBytes is the longest manifest that is read; ours.
const manifestBytes = 4 << 20

// readPackage reads the manifests of an application package. The reason says why a file is none.
func readPackage(name string) (app application, reason, remedy string) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return app, "not an application package: it is no zip archive",
			"package the application as .sfpkg, a zip of the folder with ApplicationManifest.xml"
	}
	defer archive.Close()
	files := map[string]*zip.File{}
	for _, file := range archive.File {
		// Windows' names ignore case, and old tools write backslashes.
		files[strings.ToLower(strings.ReplaceAll(file.Name, `\`, "/"))] = file
	}
	var manifest struct {
		XMLName  xml.Name `xml:"ApplicationManifest"`
		TypeName string   `xml:"ApplicationTypeName,attr"`
		Version  string   `xml:"ApplicationTypeVersion,attr"`
		Imports  []struct {
			Ref struct {
				Name string `xml:"ServiceManifestName,attr"`
			} `xml:"ServiceManifestRef"`
		} `xml:"ServiceManifestImport"`
	}
	const top = "ApplicationManifest.xml"
	if files[strings.ToLower(top)] == nil {
		return app, "not an application package: it has no " + top + " at its top",
			"zip what is in the application's folder, not the folder itself"
	}
	if err := readManifest(files[strings.ToLower(top)], &manifest); err != nil {
		return app, "an application package whose " + top + " cannot be read", "build the package again"
	}
	app = application{manifest.TypeName, manifest.Version, map[string]bool{}}
	for _, imported := range manifest.Imports {
		type serviceType struct {
			Name string `xml:"ServiceTypeName,attr"`
		}
		var service struct {
			XMLName   xml.Name      `xml:"ServiceManifest"`
			Stateless []serviceType `xml:"ServiceTypes>StatelessServiceType"`
			Stateful  []serviceType `xml:"ServiceTypes>StatefulServiceType"`
		}
		at := paths.Join(imported.Ref.Name, "ServiceManifest.xml")
		if file := files[strings.ToLower(at)]; file == nil || readManifest(file, &service) != nil {
			return app, "an application package without " + oneLine(at) + ", which it names", "build the package again"
		}
		for _, t := range service.Stateless {
			app.services[t.Name] = true
		}
		for _, t := range service.Stateful {
			app.services[t.Name] = false
		}
	}
	return app, "", ""
}

func readManifest(file *zip.File, into any) error {
	r, err := file.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, manifestBytes))
	if err != nil {
		return err
	}
	return xml.Unmarshal(raw, into)
}

// matches holds the configuration against what its package says: Azure refuses other names.
func (c *collector) matches(at path, p *Package, app application) {
	for _, name := range []struct{ field, said, is, what string }{
		{"typeName", p.TypeName, app.typeName, "ApplicationTypeName"},
		{"version", p.Version, app.version, "ApplicationTypeVersion"},
	} {
		if name.said != "" && name.said != name.is {
			c.add(at.with(name.field), name.said, "not the "+name.what+" of the package",
				fmt.Sprintf("write %q, or name another package", name.is))
		}
	}
	for _, service := range slices.Sorted(maps.Keys(p.Services)) {
		said := p.Services[service].TypeName
		here := at.with("services").with(service).with("typeName")
		switch stateless, known := app.services[said]; {
		case said == "":
		case !known:
			c.add(here, said, "no service type of the package",
				"use one of "+strings.Join(slices.Sorted(maps.Keys(app.services)), ", "))
		case !stateless:
			c.add(here, said, "a stateful service type", "name a stateless one: no other kind is started")
		}
	}
}
