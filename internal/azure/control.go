package azure

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/faults"
)

// controlPath is the first segment of the control endpoints' paths on the management listener. They are the embedded
// Azure's own, have no counterpart on Azure, and are authorized by the home's control secret.
const controlPath = "_crossorg"

// maxControlBody bounds a control request.
const maxControlBody = 64 << 10

// clockBody is the request of the clock endpoint: a duration such as "48h".
type clockBody struct {
	Advance string `json:"advance"`
}

// newControl serves the control endpoints: latency, faults, the clock.
func newControl(server *arm.Server, latency Latency, faultSet *faults.Set, secret string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+controlPath+"/latency",
		func(w http.ResponseWriter, _ *http.Request) { answer(w, latency, nil) })
	mux.HandleFunc("GET /"+controlPath+"/faults",
		func(w http.ResponseWriter, _ *http.Request) { answer(w, faultSet.List(), nil) })
	mux.HandleFunc("DELETE /"+controlPath+"/faults",
		func(w http.ResponseWriter, _ *http.Request) { answer(w, []any{}, faultSet.Clear()) })
	mux.HandleFunc("POST /"+controlPath+"/faults", func(w http.ResponseWriter, r *http.Request) {
		var rule faults.Rule
		err := json.NewDecoder(r.Body).Decode(&rule)
		if err == nil {
			rule, err = faultSet.Add(rule)
		}
		answer(w, rule, err)
	})
	mux.HandleFunc("POST /"+controlPath+"/clock", func(w http.ResponseWriter, r *http.Request) {
		var body clockBody
		by, err := time.Duration(0), json.NewDecoder(r.Body).Decode(&body)
		if err == nil {
			by, err = time.ParseDuration(body.Advance)
		}
		if err != nil {
			controlError(w, http.StatusBadRequest, err)
			return
		}
		out, err := server.Advance(r.Context(), by)
		answer(w, out, err)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(secret)) != 1 {
			controlError(w, http.StatusUnauthorized, errors.New("the control endpoints need the home's control secret"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, out any, err error) {
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(out) // fails only when the client has left
}

func controlError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

// callControl sends a request to the control endpoints of the process that serves the home, and decodes what it
// answers.
func (a *Azure) callControl(ctx context.Context, method, name string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Management()+"/"+controlPath+"/"+name, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.estate.ControlSecret)
	config := &tls.Config{RootCAs: a.RootCAs(), MinVersion: tls.VersionTLS12}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("reach the embedded Azure that is being served: %w", err)
	}
	defer resp.Body.Close()
	answered, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reach the embedded Azure that is being served: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var failure struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(answered, &failure) != nil || failure.Error == "" {
			failure.Error = resp.Status
		}
		return errors.New(failure.Error)
	}
	return json.Unmarshal(answered, out)
}

// Advance moves the clock forward, in this process or in the one that serves the home, lets the jobs that come due run
// in the order of their times, and waits for them.
func (a *Azure) Advance(ctx context.Context, by time.Duration) (out arm.Advanced, err error) {
	if a.server != nil {
		return a.server.Advance(ctx, by)
	}
	return out, a.callControl(ctx, http.MethodPost, "clock", clockBody{Advance: by.String()}, &out)
}

// AddFault adds a rule that asks for failures, and returns it with its id. The folder keeps it until ClearFaults.
func (a *Azure) AddFault(ctx context.Context, rule faults.Rule) (out faults.Rule, err error) {
	if a.server != nil {
		return a.faultSet.Add(rule)
	}
	return out, a.callControl(ctx, http.MethodPost, "faults", rule, &out)
}

// Faults lists the rules with their counts.
func (a *Azure) Faults(ctx context.Context) (out []faults.State, err error) {
	if a.server != nil {
		return a.faultSet.List(), nil
	}
	return out, a.callControl(ctx, http.MethodGet, "faults", nil, &out)
}

// ClearFaults removes all rules.
func (a *Azure) ClearFaults(ctx context.Context) error {
	if a.server != nil {
		return a.faultSet.Clear()
	}
	var none []faults.State
	return a.callControl(ctx, http.MethodDelete, "faults", nil, &none)
}
