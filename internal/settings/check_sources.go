package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crossorg/crossorg/internal/rules"
)

// sources is where the files lie that a configuration names.
type sources struct {
	// root is the project's folder; empty means the working directory.
	root string
	// folders are the project's folder and those that the configuration allows, without symbolic links.
	folders []string
}

// openSources resolves the project's folder and those outside of it that sources may lie in.
func (c *collector) openSources(root string, allowed []string) *sources {
	s := &sources{root: root}
	if real, err := realPath(filepath.Join(root, ".")); err == nil {
		s.folders = append(s.folders, real)
	}
	at := path{keySourceFolders}
	if len(allowed) > rules.MaxSourceFolders {
		c.add(at, nil, fmt.Sprintf("%d folders", len(allowed)), fmt.Sprintf("use at most %d", rules.MaxSourceFolders))
	}
	for i, folder := range allowed {
		here := at.with(i)
		if !c.required(here, folder, "name a folder, or remove the entry") {
			continue
		}
		info, ok := c.stat(here, folder, root)
		if !ok {
			continue
		}
		real, err := realPath(inProject(root, folder))
		switch {
		case !info.IsDir():
			c.add(here, folder, "not a folder", "name the folder that the sources lie in")
		case err != nil:
			c.add(here, folder, "cannot be opened", "see who may read it")
		case filepath.Dir(real) == real:
			c.add(here, folder, "the whole machine", "name the folder that the sources lie in")
		default:
			s.folders = append(s.folders, real)
		}
	}
	return s
}

// realPath is an absolute path without symbolic links.
func realPath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// holds reports whether a path without symbolic links lies in one of the folders.
func (s *sources) holds(real string) bool {
	return slices.ContainsFunc(s.folders, func(folder string) bool { return within(folder, real) })
}

// within reports whether a path is a folder or lies in it.
func within(folder, name string) bool {
	relative, err := filepath.Rel(folder, name)
	return err == nil && filepath.IsLocal(relative)
}

// inProject is a file's path from the working directory, where relative ones are relative to root.
func inProject(root, name string) string {
	full := filepath.FromSlash(name)
	if filepath.IsAbs(full) {
		return full
	}
	return filepath.Join(root, full)
}

// stat looks up a file that the configuration names. One that cannot be found is a problem.
func (c *collector) stat(at path, name, root string) (fs.FileInfo, bool) {
	info, err := os.Stat(inProject(root, name))
	switch {
	case err == nil:
		return info, true
	case errors.Is(err, fs.ErrNotExist):
		c.add(at, name, "no such file or folder", "paths are relative to the project's folder")
	case errors.Is(err, fs.ErrPermission):
		c.add(at, name, "may not be read by you", "see who may read it")
	default:
		c.add(at, name, "not a path that this machine can open", "use a shorter path without special characters")
	}
	return nil, false
}

// source checks an upload: that it lies in a folder that is allowed, is a file or folder as the kind demands, and that
// each file becomes a blob that Azure takes, here and where it lands.
func (c *collector) source(at path, share string, d DataSet, files *sources) {
	outside := func() {
		c.add(at, d.Source, "outside of the project's folder",
			"move it there, or add its folder to "+path{keySourceFolders}.String())
	}
	full := inProject(files.root, d.Source)
	abs, err := filepath.Abs(full)
	if real, resolved := realPath(filepath.Dir(full)); err == nil && resolved == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	if err == nil && !files.holds(abs) { // also when there is no such file: what is outside is not asked about
		outside()
		return
	}
	info, ok := c.stat(at, d.Source, files.root)
	if !ok {
		return
	}
	real, err := realPath(full)
	switch {
	case err != nil:
		c.add(at, d.Source, "not a path that this machine can open", "see who may read it")
	case !files.holds(real):
		outside()
	case keepsSecrets(files, real):
		c.add(at, d.Source, "holds the project's own files, with its state and secrets",
			"name a folder that holds nothing but data")
	case d.Kind == rules.Blob && !info.Mode().IsRegular():
		c.add(at, d.Source, "not a file", "name a file, or use kind folder or container for a folder")
	case d.Kind != rules.Blob && !info.IsDir():
		c.add(at, d.Source, "not a folder", "name a folder, or use kind blob for a single file")
	case d.Kind == rules.Blob && !readable(real):
		c.add(at, d.Source, "may not be read by you", "see who may read it")
	case d.Kind != rules.Blob:
		c.folder(at, share, d, real)
	}
}

// keepsSecrets reports whether a path is the project's folder or one above it, or lies in a folder that tools keep
// their state in.
func keepsSecrets(files *sources, real string) bool {
	if len(files.folders) == 0 {
		return false
	}
	if within(real, files.folders[0]) {
		return true
	}
	relative, err := filepath.Rel(files.folders[0], real)
	if err != nil {
		return false
	}
	top, _, _ := strings.Cut(filepath.ToSlash(relative), "/")
	return slices.Contains([]string{".crossorg", ".git", ".pulumi"}, top)
}

func readable(name string) bool {
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	file.Close()
	return true
}

// folder checks the files of a folder. Of several problems the first is named, with the number of the others.
func (c *collector) folder(at path, share string, d DataSet, folder string) {
	var first, remedy string
	files, problems := 0, 0
	problem := func(name, reason, do string) {
		if problems++; problems == 1 {
			first, remedy = show(name)+" in it is "+reason, do
			if !utf8.ValidString(name) {
				first = strconv.Quote(name) + " in it is " + reason
			}
		}
	}
	prefix := rules.ArrivalPath(share, d.Container, "")
	if d.Kind == rules.Container {
		prefix = ""
	}
	inside := strings.Trim(d.Path, "/")
	if inside != "" {
		inside += "/"
	}
	// Each failure is a problem of its own, so that none ends the walk.
	_ = filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(folder, file) // file is below folder
		name := filepath.ToSlash(relative)
		switch {
		case err != nil:
			problem(name, "not to be read by you", "see who may read it")
			return nil
		case entry.IsDir():
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			problem(name, "a symbolic link, which would be left out", "put the file itself there, or remove the link")
			return nil
		case !entry.Type().IsRegular():
			problem(name, "not a file, and would be left out", "remove it")
			return nil
		case !readable(file):
			problem(name, "not to be read by you", "see who may read it")
		}
		files++
		if reason, do := blobName(inside+name, prefix); reason != "" {
			problem(name, "no name for a blob: "+reason, do)
		}
		return nil
	})
	switch {
	case problems > 1:
		c.add(at, d.Source, fmt.Sprintf("%s (and %d more)", first, problems-1), remedy)
	case problems == 1:
		c.add(at, d.Source, first, remedy)
	case files == 0:
		c.add(at, d.Source, "a folder without files", "add some, or remove the source")
	}
}

// blobName holds a blob's name or folder against Azure's rules
// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata): 1 to 1,024
// characters, at most 254 segments, none of them ending in a dot. The blob at the consumer has a prefix, and its
// name must fit too. The reason is empty for a name that fits.
func blobName(name, prefix string) (reason, remedy string) {
	segments, above := strings.Split(name, "/"), strings.Count(prefix, "/")
	length, most := utf8.RuneCountInString(name), rules.MaxBlobName-utf8.RuneCountInString(prefix)
	switch {
	case !utf8.ValidString(name):
		return "not UTF-8", "rename it"
	case length > most:
		return fmt.Sprintf("a name of %d characters", length),
			fmt.Sprintf("use at most %d: it lands as %s<path>, and Azure takes %d", most, prefix, rules.MaxBlobName)
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, `\`):
		return "a slash at the start", "begin with the first folder or the file: the container is the root"
	case strings.Contains(name, `\`):
		return "a backslash", "separate folders with /"
	case strings.HasSuffix(name, "/"):
		return "a slash at the end", "leave it out"
	case strings.ContainsFunc(name, noCharacter):
		return "a control character", "leave it out"
	case len(segments) > rules.MaxBlobSegments-above:
		return fmt.Sprintf("a name of %d segments", len(segments)),
			fmt.Sprintf("use at most %d: it lands as %s<path>, and Azure takes %d", rules.MaxBlobSegments-above,
				prefix, rules.MaxBlobSegments)
	case slices.Contains(segments, ""):
		return "an empty folder name", "write one slash between names"
	case slices.ContainsFunc(segments, func(segment string) bool { return strings.HasSuffix(segment, ".") }):
		return "a segment that ends in a dot", "leave out the dot, and . and .. as segments"
	}
	return "", ""
}

// noCharacter reports what cannot be in a name or in the XML that lists it: control characters, among them those that
// turn the direction of text, and the noncharacters of Unicode.
func noCharacter(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) ||
		r == unicode.ReplacementChar
}
