package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	table = "faults"
	// MaxRules bounds how many rules there can be.
	MaxRules = 1000
)

// State is a rule with its counts.
type State struct {
	Rule
	// Matched counts the requests that matched, Fired those that failed.
	Matched int `json:"matched"`
	Fired   int `json:"fired"`
}

// Set is a set of rules. Its methods are safe for concurrent use; a nil Set has no rules.
type Set struct {
	st *store.Store

	mu    sync.Mutex
	rules []*entry
	last  int // the highest number of an id that was made up
	dirty bool
}

type entry struct {
	State
	kept  bool           // in the state file
	again map[string]int // how many repetitions of a request are still to fail; not kept
}

// Open reads the rules that the state file keeps and adds others, which only this Set has and nothing keeps. st may be
// nil.
func Open(st *store.Store, others ...Rule) (*Set, error) {
	s := &Set{st: st}
	if st != nil {
		err := st.View(func(tx *store.Tx) error {
			return tx.Scan(table, "", func(_ string, raw []byte) error {
				e := &entry{kept: true}
				if err := json.Unmarshal(raw, &e.State); err != nil {
					return err
				}
				s.rules = append(s.rules, e)
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("read the faults: %w", err)
		}
	}
	for _, r := range others {
		if _, err := s.add(r, false); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Add adds a rule, durably if the Set has a state file, and returns it with its id.
func (s *Set) Add(r Rule) (Rule, error) { return s.add(r, s.st != nil) }

func (s *Set) add(r Rule, keep bool) (Rule, error) {
	if err := r.Check(); err != nil {
		return r, err
	}
	s.mu.Lock()
	if len(s.rules) >= MaxRules {
		s.mu.Unlock()
		return r, fmt.Errorf("there are %d fault rules already: clear them first", MaxRules)
	}
	taken := map[string]bool{}
	for _, e := range s.rules {
		taken[e.ID] = true
	}
	if taken[r.ID] {
		s.mu.Unlock()
		return r, fmt.Errorf("there is a fault rule %q already", r.ID)
	}
	for r.ID == "" || taken[r.ID] {
		s.last++
		r.ID = "f" + strconv.Itoa(s.last)
	}
	s.rules = append(s.rules, &entry{State: State{Rule: r}, kept: keep})
	s.dirty = true
	s.mu.Unlock()
	return r, s.Save()
}

// List returns the rules in the order in which they are asked.
func (s *Set) List() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []State{}
	for _, e := range s.rules {
		out = append(out, e.State)
	}
	return out
}

// Clear removes all rules.
func (s *Set) Clear() error {
	s.mu.Lock()
	s.rules, s.dirty = nil, true
	s.mu.Unlock()
	return s.Save()
}

// Stage is the point at which a request asks for its fault.
type Stage int

const (
	// Arriving is before anything is done; all kinds but FailOperation are decided here.
	Arriving Stage = iota
	// Operating is when an asynchronous operation begins; FailOperation is decided here.
	Operating
)

// Decide counts a request and returns the first rule that fires for it. Save keeps the counts.
func (s *Set) Decide(stage Stage, method, path string) (Rule, bool) {
	if s == nil {
		return Rule{}, false
	}
	fired, ok := s.decide(stage, method, path)
	if ok && fired.Notify != nil {
		fired.Notify(method, path)
	}
	return fired, ok
}

func (s *Set) decide(stage Stage, method, path string) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fired *Rule
	for _, e := range s.rules {
		if (e.Kind == FailOperation) != (stage == Operating) || !e.matches(method, path) {
			continue
		}
		request := strings.ToLower(method + " " + path)
		if e.again[request] > 0 {
			e.again[request]--
			if fired == nil {
				fired = &e.Rule
			}
			continue
		}
		e.Matched++
		s.dirty = s.dirty || e.kept
		if fired == nil && e.due() {
			e.Fired++
			fired = &e.Rule
			if e.Repeat > 0 {
				if e.again == nil {
					e.again = map[string]int{}
				}
				e.again[request] = e.Repeat
			}
		}
	}
	if fired == nil {
		return Rule{}, false
	}
	return *fired, true
}

// due reports whether the request that was just counted fails.
func (e *entry) due() bool {
	if e.Matched < e.Nth || e.Count > 0 && e.Fired >= e.Count {
		return false
	}
	if e.Probability == 0 || e.Probability == 1 {
		return true
	}
	return rand.New(rand.NewPCG(e.Seed, uint64(e.Matched))).Float64() < e.Probability
}

// Save writes changed rules and counts to the state file. Do not call it inside a transaction.
func (s *Set) Save() error {
	if s == nil || s.st == nil {
		return nil
	}
	s.mu.Lock()
	if !s.dirty {
		s.mu.Unlock()
		return nil
	}
	s.dirty = false
	kept := map[string]State{}
	for i, e := range s.rules {
		if e.kept {
			kept[fmt.Sprintf("%06d", i)] = e.State
		}
	}
	s.mu.Unlock()
	return s.st.Update(func(tx *store.Tx) error {
		var old []string
		if err := tx.Scan(table, "",
			func(key string, _ []byte) error { old = append(old, key); return nil }); err != nil {
			return err
		}
		for _, key := range old {
			if _, ok := kept[key]; !ok {
				if err := tx.Delete(table, key); err != nil {
					return err
				}
			}
		}
		for key, state := range kept {
			if err := tx.Put(table, key, state); err != nil {
				return err
			}
		}
		return nil
	})
}
