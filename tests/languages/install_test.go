package languages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// command runs a program in a folder of the repository and returns what it prints.
func command(folder, name string, arguments ...string) (string, error) {
	cmd := exec.Command(name, arguments...)
	cmd.Dir = filepath.Join(repository, folder)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, &stdout, &stderr)
	}
	return strings.TrimSpace(stdout.String()), nil
}

// generate makes an SDK anew, as examples/README.md has it.
func generate(language string) error {
	_, err := command("provider", "go", "run", "./cmd/crossorg-sdk", language, filepath.Join("..", "sdk", language))
	return err
}

// installNode installs the packages of examples/typescript, when they are not those of the present SDK already.
func installNode() (string, error) {
	major, err := command("", "node", "--print", "process.versions.node.split('.')[0] >= 20")
	if err != nil || major != "true" {
		return "SKIPPED TypeScript: no Node.js 20 or later on PATH; install it from https://nodejs.org", nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "SKIPPED TypeScript: no npm on PATH; install it with Node.js from https://nodejs.org", nil
	}
	if err := generate("nodejs"); err != nil {
		return "", err
	}
	modules := filepath.Join("examples", "typescript", "node_modules")
	if sameFiles(filepath.Join("sdk", "nodejs"), filepath.Join(modules, "@crossorg", "crossorg")) {
		return "", nil
	}
	if err := os.RemoveAll(filepath.Join(repository, modules, "@crossorg")); err != nil {
		return "", err
	}
	if _, err := command(filepath.Dir(modules), "npm", "install", "--no-audit", "--no-fund"); err != nil {
		return fmt.Sprintf("SKIPPED TypeScript: the examples' packages cannot be installed here: %s", err), nil
	}
	return "", nil
}

// sameFiles reports whether every TypeScript file of a folder is in another one too, with the same content.
func sameFiles(folder, other string) bool {
	files, err := filepath.Glob(filepath.Join(repository, folder, "*.ts"))
	if err != nil || len(files) == 0 {
		return false
	}
	types, _ := filepath.Glob(filepath.Join(repository, folder, "types", "*.ts"))
	for _, file := range append(files, types...) {
		relative, _ := filepath.Rel(filepath.Join(repository, folder), file)
		want, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		if got, err := os.ReadFile(filepath.Join(repository, other, relative)); err != nil || !bytes.Equal(want, got) {
			return false
		}
	}
	return true
}

// installPython makes the virtual environment of the Python program. Where pulumi is not installed, its source is taken
// from the Go module that carries it, which needs only packages that a Linux distribution has.
func installPython() (string, error) {
	const imports = "import grpc, google.protobuf, dill, semver, six, yaml, venv, pip"
	interpreter := ""
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if _, err := command("", candidate, "-c", imports); err == nil {
			interpreter = candidate
			break
		}
	}
	if interpreter == "" {
		return "SKIPPED Python: no python3 that has what Pulumi needs; run pip install pulumi parver, or on Debian " +
			"apt-get install python3-venv python3-pip python3-grpcio python3-protobuf python3-dill python3-semver " +
			"python3-six python3-yaml", nil
	}
	if err := generate("python"); err != nil {
		return "", err
	}
	program := filepath.Join("examples", "python", "two-organizations")
	if _, err := command(program, interpreter, "-m", "venv", "--system-site-packages", "venv"); err != nil {
		return "", err
	}
	python := filepath.Join(repository, program, "venv", "bin", "python3")
	if runtime.GOOS == "windows" {
		python = filepath.Join(repository, program, "venv", "Scripts", "python.exe")
	}
	if _, err := command("", python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps",
		"--no-build-isolation", "--no-index", filepath.Join("sdk", "python")); err != nil {
		return "", err
	}
	if _, err := command("", python, "-c", "import pulumi_crossorg"); err == nil {
		return "", nil
	}
	if err := standIn(python); err != nil {
		return "", err
	}
	_, err := command("", python, "-c", "import pulumi_crossorg")
	return "", err
}

// standIn puts into a virtual environment what the package index would have: Pulumi's SDK, and what Debian has in no
// version or an older one.
func standIn(python string) error {
	packages, err := command("", python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
	if err != nil {
		return err
	}
	testdata := filepath.Join("tests", "languages", "testdata")
	raw, err := command(filepath.Join(testdata, "pulumi-python"), "go", "mod", "download", "-json",
		"github.com/pulumi/pulumi/sdk/v3")
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(raw), &module); err != nil {
		return err
	}
	pth := filepath.Join(module.Dir, "python", "lib") + "\n"
	if err := os.WriteFile(filepath.Join(packages, "pulumi.pth"), []byte(pth), 0o600); err != nil {
		return err
	}
	parver, err := os.ReadFile(filepath.Join(repository, testdata, "parver.py"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(packages, "parver.py"), parver, 0o600); err != nil {
		return err
	}
	source, err := command("", python, "-c",
		"import semver; print('' if hasattr(semver, 'Version') else semver.__file__)")
	if err != nil || source == "" {
		return err
	}
	semver, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	// Version 2 of the package has the class under its older name.
	semver = append(semver, "\nVersion = VersionInfo\n"...)
	return os.WriteFile(filepath.Join(packages, "semver.py"), semver, 0o600)
}
