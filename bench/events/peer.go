// The other engine of `npm run bench -- events`: github.com/markuskont/go-sigma-rule-engine over the same rules and events.
//
// Started as: peer FOLDER SECONDS. FOLDER holds one folder of rules for each logsource (0, 1, ...) and events.ndjson, lines of
// {"set": number of the logsource, "event": {...}}. Prints one JSON object. Rules and events are read before the clock starts.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	sigma "github.com/markuskont/go-sigma-rule-engine"
)

type event map[string]interface{}

func (e event) Keywords() ([]string, bool) {
	texts := make([]string, 0, len(e))
	for _, value := range e {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts, true
}

func (e event) Select(name string) (interface{}, bool) {
	if value, ok := e[name]; ok {
		return value, true
	}
	var at interface{} = map[string]interface{}(e)
	for _, part := range strings.Split(name, ".") {
		inner, ok := at.(map[string]interface{})
		if !ok {
			return nil, false
		}
		if at, ok = inner[part]; !ok {
			return nil, false
		}
	}
	return at, true
}

type line struct {
	Set   int   `json:"set"`
	Event event `json:"event"`
}

func coreSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func main() {
	folder := os.Args[1]
	shortest, err := strconv.ParseFloat(os.Args[2], 64)
	check(err)
	var sets []*sigma.Ruleset
	loaded, total := 0, 0
	for set := 0; ; set++ {
		path := filepath.Join(folder, strconv.Itoa(set))
		if _, err := os.Stat(path); err != nil {
			break
		}
		rules, err := sigma.NewRuleset(sigma.Config{Directory: []string{path}}, nil)
		check(err)
		sets = append(sets, rules)
		loaded += rules.Ok
		total += rules.Total
	}
	events := read(filepath.Join(folder, "events.ndjson"))
	matches := pass(sets, events)
	began, before, passes := time.Now(), coreSeconds(), 0
	for coreSeconds()-before < shortest {
		pass(sets, events)
		passes++
	}
	seen := float64(passes * len(events))
	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"perCoreSecond": seen / (coreSeconds() - before),
		"perSecond":     seen / time.Since(began).Seconds(),
		"matches":       matches,
		"loaded":        loaded,
		"of":            total,
	}))
}

func pass(sets []*sigma.Ruleset, events []line) int {
	matches := 0
	for _, it := range events {
		results, _ := sets[it.Set].EvalAll(it.Event)
		matches += len(results)
	}
	return matches
}

func read(path string) []line {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	var events []line
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 1<<20), 1<<24)
	for scanner.Scan() {
		var it line
		check(json.Unmarshal(scanner.Bytes(), &it))
		events = append(events, it)
	}
	check(scanner.Err())
	return events
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
