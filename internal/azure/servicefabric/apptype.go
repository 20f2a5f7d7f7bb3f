package servicefabric

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// applicationTypes are names under which versions are registered.
func (p *provider) applicationTypes() *arm.Type {
	return &arm.Type{
		Name: appTypeType, Created: http.StatusOK, CheckName: checkFabricName, DeleteAsync: arm.AzureAsyncOperation,
		Put: func(c *arm.Call, w *arm.Write) *arm.Error {
			if _, err := readyCluster(c, above(w.New.ID, 1)); err != nil {
				return err
			}
			w.New.Properties()["provisioningState"] = succeeded
			return nil
		},
	}
}

// versions are registered application packages.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-app-deployment-template
func (p *provider) versions() *arm.Type {
	return &arm.Type{
		Name: versionType, CheckName: checkFabricName, Created: http.StatusOK, PutAsync: arm.AzureAsyncOperation,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         putVersion, Delete: deleteVersion, Jobs: map[string]arm.Job{jobDeploy: p.register},
	}
}

func putVersion(c *arm.Call, w *arm.Write) *arm.Error {
	if _, err := readyCluster(c, above(w.New.ID, 2)); err != nil {
		return err
	}
	link := w.New.String("properties", "appPackageUrl")
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return invalid("properties.appPackageUrl of version '%s' is not an absolute http or https URL.",
			w.New.ID.Name())
	}
	if !strings.HasSuffix(strings.ToLower(u.Path), ".sfpkg") {
		// Source: https://learn.microsoft.com/azure/service-fabric/service-fabric-package-apps#create-an-sfpkg
		return invalid("properties.appPackageUrl of version '%s' does not lead to a file with the extension .sfpkg.",
			w.New.ID.Name())
	}
	if w.Old != nil && w.Old.String("properties", "provisioningState") == succeeded {
		// The query is a signature, which may be renewed. The package is what the version stands for.
		if was := withoutQuery(w.Old.String("properties", "appPackageUrl")); was != withoutQuery(link) {
			return arm.BadRequest("PropertyChangeNotAllowed", "Changing property 'properties.appPackageUrl' of "+
				"version '%s' from '%s' to '%s' is not allowed: register the package as another version.",
				w.New.ID.Name(), was, withoutQuery(link))
		}
		w.New.Properties()["provisioningState"] = succeeded
		return nil
	}
	return begin(c, w)
}

func withoutQuery(link string) string {
	base, _, _ := strings.Cut(link, "?")
	return base
}

// register fetches the package of a version and compares it with the version's names.
func (p *provider) register(ctx context.Context, s *arm.Server, r *arm.Resource, payload map[string]any) *arm.Error {
	pkg, err := fetchPackage(ctx, p.client, r.String("properties", "appPackageUrl"))
	if ctx.Err() != nil {
		return nil // the server closes: the job runs again
	}
	if err == nil {
		typeName, version := r.ID.Names[len(r.ID.Names)-2], r.ID.Name()
		switch {
		case pkg.TypeName != typeName:
			err = refused("The package has application type name '%s', which doesn't match expected application type "+
				"name '%s'.", pkg.TypeName, typeName)
		case pkg.TypeVersion != version:
			err = refused("The package has application type version '%s', which doesn't match expected application "+
				"type version '%s'.", pkg.TypeVersion, version)
		}
	}
	return finish(s, r.ID, payload, func(_ *arm.Call, r *arm.Resource) *arm.Error {
		if err != nil {
			return onCluster("CreateOrUpdate", err.Error())
		}
		parameters, types := make([]any, len(pkg.Parameters)), map[string]any{}
		for i, name := range pkg.Parameters {
			parameters[i] = name
		}
		for name, kind := range pkg.ServiceTypes {
			types[name] = kind
		}
		r.Private["parameters"], r.Private["serviceTypes"] = parameters, types
		return nil
	})
}

// deleteVersion keeps a version that an application runs, unless cluster or resource group go as a whole.
// Source of the message: https://github.com/microsoft/azure-pipelines-tasks/issues/13700
func deleteVersion(c *arm.Call, r *arm.Resource) *arm.Error {
	if root := c.ID.Type(); !strings.EqualFold(root, versionType) && !strings.EqualFold(root, appTypeType) {
		return nil
	}
	for _, app := range c.Children(above(r.ID, 2), "applications") {
		for _, version := range []string{app.String("properties", "version"), running(app)} {
			if strings.EqualFold(version, r.ID.String()) {
				return onCluster("Delete", "FABRIC_E_APPLICATION_TYPE_IN_USE: Application type and version is still "+
					"in use by application '"+app.ID.Name()+"'.")
			}
		}
	}
	return nil
}
