// A server on gorilla/websocket as its chat example broadcasts: a goroutine and a queue for each client.
// It is asked by lines of JSON on its standard input, as packages/tidewire/src/bench/talk.ts says.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/gorilla/websocket"
)

const (
	// As in the chat example; whoever has as many waiting is sent away.
	queueLength = 256
	// So far behind its times, a server is not going to hold the rate.
	hopeless = time.Second
	// Of {"mark":"","text":""} and the mark.
	bracingBytes = 21 + 35
)

type client struct {
	conn  *websocket.Conn
	queue chan []byte
}

type hub struct {
	mutex   sync.Mutex
	clients map[*client]struct{}
}

type load struct {
	Phase   int     `json:"phase"`
	Rate    float64 `json:"rate"`
	Burst   int     `json:"burst"`
	Seconds float64 `json:"seconds"`
	Bytes   int     `json:"bytes"`
	After   int     `json:"after"`
}

type question struct {
	ID   int             `json:"id"`
	Kind string          `json:"kind"`
	Ask  json.RawMessage `json:"ask"`
}

type answer struct {
	ID      int    `json:"id"`
	Answer  any    `json:"answer"`
	Problem string `json:"problem,omitempty"`
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func (h *hub) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	conn, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return
	}
	c := &client{conn: conn, queue: make(chan []byte, queueLength)}
	h.mutex.Lock()
	h.clients[c] = struct{}{}
	h.mutex.Unlock()
	go c.write()
	go h.read(c)
}

// read answers pings, and notices the end.
func (h *hub) read(c *client) {
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			h.remove(c)
			return
		}
	}
}

func (c *client) write() {
	defer c.conn.Close()
	for payload := range c.queue {
		if c.conn.WriteMessage(websocket.TextMessage, payload) != nil {
			return
		}
	}
}

func (h *hub) remove(c *client) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if _, isHere := h.clients[c]; isHere {
		delete(h.clients, c)
		close(c.queue)
	}
}

func (h *hub) publish(payload []byte) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for c := range h.clients {
		select {
		case c.queue <- payload:
		default:
			delete(h.clients, c)
			close(c.queue)
		}
	}
}

// publishAll is the open loop of packages/tidewire/src/bench/server/publisher.ts.
func (h *hub) publishAll(l load) map[string]any {
	total := l.After + int(l.Rate*l.Seconds+0.5)
	text := strings.Repeat("x", max(0, l.Bytes-bracingBytes))
	begun, count, late := time.Now(), l.After, time.Duration(0)
	for count < total && late <= hopeless {
		due := begun.Add(time.Duration(float64(count-l.After) / l.Rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		late = max(late, time.Since(due))
		for left := min(l.Burst, total-count); left > 0; left-- {
			count++
			h.publish(fmt.Appendf(nil, `{"mark":"#%d%07d%010d%016d","text":"%s"}`, l.Phase, 0, count, nowUs(), text))
		}
	}
	return map[string]any{"count": count, "lagMs": late.Seconds() * 1000, "gaveUp": count < total}
}

func (h *hub) memory() map[string]any {
	debug.FreeOSMemory()
	time.Sleep(100 * time.Millisecond)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	full := 0
	for c := range h.clients {
		if len(c.queue) > 0 {
			full++
		}
	}
	// What waits in the queues is shared between them.
	return map[string]any{"rssBytes": residentBytes(), "unsentBytes": nil, "fullSockets": full}
}

func residentBytes() int {
	var size, resident int
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(text), &size, &resident)
	}
	if err != nil {
		log.Fatal(err)
	}
	return resident * os.Getpagesize()
}

// nowUs is the machine's monotonic clock, which the load generator reads too.
func nowUs() int64 {
	const clockMonotonic = 1
	var now syscall.Timespec
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0); err != 0 {
		log.Fatal(err)
	}
	return now.Nano() / 1000
}

func cpuUs() int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return (used.Utime.Nano() + used.Stime.Nano()) / 1000
}

func (h *hub) listen() map[string]any {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, h)) }()
	return map[string]any{"host": "127.0.0.1", "port": listener.Addr().(*net.TCPAddr).Port}
}

func main() {
	h := &hub{clients: map[*client]struct{}{}}
	var begunUs, begunCPUUs int64
	var output sync.Mutex
	reply := func(a answer) {
		line, err := json.Marshal(a)
		if err != nil {
			log.Fatal(err)
		}
		output.Lock()
		defer output.Unlock()
		fmt.Println(string(line))
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			log.Fatal(err)
		}
		switch q.Kind {
		case "listen":
			reply(answer{ID: q.ID, Answer: h.listen()})
		case "memory":
			reply(answer{ID: q.ID, Answer: h.memory()})
		case "begin":
			begunUs, begunCPUUs = nowUs(), cpuUs()
			reply(answer{ID: q.ID})
		case "publish":
			var l load
			if err := json.Unmarshal(q.Ask, &l); err != nil {
				log.Fatal(err)
			}
			go func() { reply(answer{ID: q.ID, Answer: h.publishAll(l)}) }()
		case "end":
			spent := map[string]any{"cpuUs": cpuUs() - begunCPUUs, "wallUs": nowUs() - begunUs, "loopP99Ms": nil}
			reply(answer{ID: q.ID, Answer: spent})
		default:
			reply(answer{ID: q.ID, Problem: "expected another question than " + q.Kind})
		}
	}
}
