// A chat in the terminal that comes back with jitter after a cut, misses nothing and repeats nothing.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	random "math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const channel = "public:lobby"

type object = map[string]any

type chat struct {
	sync.Mutex
	subscribe object          // with the position of the newest line that was shown
	say       func(any) error // while subscribed
	unsaid    object          // the line that the server has not confirmed yet
	confirmed chan bool
	attempts  int
}

func (c *chat) talk(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 35*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	stream := websocket.NetConn(context.Background(), conn, websocket.MessageText)
	say, replies := json.NewEncoder(stream).Encode, json.NewDecoder(stream)
	say(object{"id": 1, "connect": object{}})
	say(object{"id": 2, "subscribe": c.subscribe})
	for {
		var reply struct{ Connect, Error, Subscribe, RPC, Push object }
		stream.SetReadDeadline(time.Now().Add(35 * time.Second)) // the server pings every 25 seconds
		if err := replies.Decode(&reply); err != nil {
			return err
		}
		pub, _ := reply.Push["pub"].(object)
		switch {
		case reply.Error["temporary"] == true || reply.Push["unsubscribe"] != nil:
			return nil
		case reply.Error != nil:
			log.Fatal(reply.Error["message"])
		case reply.Subscribe != nil:
			if c.subscribe["recover"] == true && reply.Subscribe["recovered"] != true {
				log.Print("some lines were lost")
			}
			c.attempts, c.subscribe["recover"] = 0, true
			c.subscribe["epoch"], c.subscribe["offset"] = reply.Subscribe["epoch"], reply.Subscribe["offset"]
			c.change(func() { c.say = say })
		case reply.RPC != nil:
			c.unsaid = nil
			c.confirmed <- true
		case pub != nil:
			line, _ := pub["data"].(object)
			fmt.Printf("%v: %v\n", line["name"], line["text"])
			c.subscribe["offset"] = pub["offset"]
		case reply.Connect == nil && reply.Push == nil:
			say(object{}) // the answer to a ping
		}
	}
}

// change sets what is said and how, and says it where both are there.
func (c *chat) change(how func()) {
	c.Lock()
	defer c.Unlock()
	how()
	if c.say != nil && c.unsaid != nil {
		c.say(c.unsaid)
	}
}

func (c *chat) read(name string) {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); <-c.confirmed {
		// The key stays when the line is said again after a cut, so that nobody hears it twice.
		data := object{"channel": channel, "key": rand.Text(), "data": object{"name": name, "text": in.Text()}}
		c.change(func() { c.unsaid = object{"id": 3, "rpc": object{"method": "tide.publish", "data": data}} })
	}
}

func main() {
	c := chat{subscribe: object{"channel": channel}, confirmed: make(chan bool)}
	go c.read(os.Args[2])
	for ; ; c.attempts++ {
		err := c.talk(os.Args[1])
		c.change(func() { c.say = nil })
		// 1009: the line was too long; from 3500 and 4500 on: not welcome. Coming back would change nothing.
		if code := websocket.CloseStatus(err); code == 1009 || code%1000 >= 500 {
			log.Fatal(err)
		}
		most := min(20*time.Second, 500*time.Millisecond<<min(c.attempts, 6))
		time.Sleep(time.Duration(random.Int64N(int64(most))))
	}
}
