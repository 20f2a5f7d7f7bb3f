package azure

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Credentials sign a service principal in and name the subscription that it deploys to.
type Credentials struct {
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
}

// Declared is an organization's estate as a stack declares it; empty fields mean the default ones.
type Declared struct {
	TenantID, SubscriptionID, ClientID string
	// ClientSecret of ClientID; empty lets the embedded Azure make one.
	ClientSecret string
}

// estate is the record of a home folder's Azure: its ports and the principals that may sign in. It is kept in a file
// that only its owner can read, so that a second process can attach.
type estate struct {
	// ManagementPort and BlobPort are chosen once: endpoints are part of the resources' state.
	ManagementPort int `json:"managementPort"`
	BlobPort       int `json:"blobPort"`
	// VaultPort is the first port that a vault may get.
	VaultPort int           `json:"vaultPort"`
	Default   Credentials   `json:"default"`
	Others    []Credentials `json:"others,omitempty"`
	// ControlSecret authorizes the control endpoints: the clock, faults.
	ControlSecret string `json:"controlSecret"`
	// Check is the SHA-256 of the file's content with an empty Check, in hexadecimal.
	Check string `json:"check,omitempty"`
}

const estateFile = "estate.json"

func readEstate(dir string) (*estate, error) {
	raw, err := os.ReadFile(filepath.Join(dir, estateFile))
	if err != nil {
		return nil, err
	}
	var e estate
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // among them a check whose name has changed
	if decoder.Decode(&e) != nil {
		return nil, &store.Damage{File: filepath.Join(dir, estateFile), What: "it does not decode"}
	}
	if again, err := e.encode(); err != nil || e.Check != "" && !bytes.Equal(raw, again) {
		return nil, &store.Damage{File: filepath.Join(dir, estateFile), What: "it is not as it was written"}
	}
	return &e, nil
}

// encode is the content of the estate's file.
func (e estate) encode() ([]byte, error) {
	e.Check = ""
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	e.Check = hex.EncodeToString(sum[:])
	return json.MarshalIndent(e, "", "  ")
}

// loadEstate reads the estate, or makes one in a folder that is not established.
func loadEstate(dir string, established bool) (*estate, error) {
	e, err := readEstate(dir)
	if errors.Is(err, fs.ErrNotExist) && established {
		return nil, &store.Damage{File: filepath.Join(dir, estateFile), What: "it is missing"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		e = &estate{
			Default: Credentials{
				TenantID: uuid.NewString(), SubscriptionID: uuid.NewString(),
				ClientID: uuid.NewString(), ClientSecret: randomSecret(),
			},
			ControlSecret: randomSecret(),
		}
		for _, port := range []*int{&e.ManagementPort, &e.BlobPort, &e.VaultPort} {
			if err := e.choose(port); err != nil {
				return nil, err
			}
		}
		return e, e.save(dir)
	}
	if err == nil && e.ControlSecret == "" { // written by a version without control endpoints
		e.ControlSecret = randomSecret()
		if err := e.save(dir); err != nil {
			return nil, err
		}
	}
	if err == nil && e.VaultPort == 0 { // written by a version whose vaults had no data plane
		if err := e.choose(&e.VaultPort); err != nil {
			return nil, err
		}
		return e, e.save(dir)
	}
	return e, err
}

// choose sets a port that is free and differs from the others.
func (e *estate) choose(port *int) error {
	for {
		n, err := freePort()
		if err != nil {
			return err
		}
		if n != e.ManagementPort && n != e.BlobPort && n != e.VaultPort {
			*port = n
			return nil
		}
	}
}

func (e *estate) save(dir string) error {
	raw, err := e.encode()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, estateFile), raw)
}

// complete fills in the default ids of a stack's declaration.
func (e *estate) complete(d Declared) Credentials {
	c := Credentials(d)
	if c.TenantID == "" {
		c.TenantID = e.Default.TenantID
	}
	if c.SubscriptionID == "" {
		c.SubscriptionID = e.Default.SubscriptionID
	}
	if c.ClientID == "" {
		// The stack names no client, as when a person deploys to several tenants: the default principal signs in to
		// this tenant too.
		c.ClientID, c.ClientSecret = e.Default.ClientID, e.Default.ClientSecret
	}
	return c
}

// declare adds the missing parts of a stack's declaration to the estate, and reports whether it changed.
func (e *estate) declare(d Declared) bool {
	c := e.complete(d)
	if same(c, e.Default) {
		return false
	}
	for i, o := range e.Others {
		if !same(o, c) {
			continue
		}
		if c.ClientSecret == "" || c.ClientSecret == o.ClientSecret {
			return false
		}
		e.Others[i].ClientSecret = c.ClientSecret
		return true
	}
	if c.ClientSecret == "" {
		c.ClientSecret = randomSecret()
		for _, o := range e.Others {
			if strings.EqualFold(o.ClientID, c.ClientID) && strings.EqualFold(o.TenantID, c.TenantID) {
				c.ClientSecret = o.ClientSecret
			}
		}
	}
	e.Others = append(e.Others, c)
	return true
}

func same(a, b Credentials) bool {
	return strings.EqualFold(a.TenantID, b.TenantID) && strings.EqualFold(a.SubscriptionID, b.SubscriptionID) &&
		strings.EqualFold(a.ClientID, b.ClientID)
}

func (e *estate) all() []Credentials { return append([]Credentials{e.Default}, e.Others...) }

func (e *estate) management() string { return fmt.Sprintf("https://127.0.0.1:%d", e.ManagementPort) }

func (e *estate) blob() string { return fmt.Sprintf("https://127.0.0.1:%d", e.BlobPort) }

func randomSecret() string {
	b := make([]byte, 30)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail on supported systems
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// freePort picks a port below the range that the system assigns on its own, so that it is likely to be free next time
// too.
func freePort() (int, error) {
	for range 200 {
		n, err := rand.Int(rand.Reader, big.NewInt(12000))
		if err != nil {
			return 0, err
		}
		port := 20000 + int(n.Int64())
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no free port found between 20000 and 32000 on 127.0.0.1")
}
