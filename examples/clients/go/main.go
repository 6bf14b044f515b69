// A chat in the terminal that comes back with jitter after a cut.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"

	"github.com/coder/websocket"
)

func talk(url string, typed <-chan string, attempts *int) error {
	const silence = 35 * time.Second // the server pings every 25 seconds: then the line is dead
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dead := time.AfterFunc(silence, cancel)
	pinged := func(context.Context, []byte) bool { return dead.Reset(silence) }
	socket, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{OnPingReceived: pinged})
	if err != nil {
		return err
	}
	*attempts = 0
	go func() {
		for ctx.Err() == nil {
			select {
			case text := <-typed:
				socket.Write(ctx, websocket.MessageText, []byte(text))
			case <-ctx.Done():
			}
		}
	}()
	for {
		_, text, err := socket.Read(ctx)
		if err != nil {
			return err
		}
		fmt.Println(string(text))
	}
}

func main() {
	typed := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			typed <- os.Args[2] + ": " + in.Text()
		}
	}()
	for attempts := 0; ; attempts++ {
		err := talk(os.Args[1], typed, &attempts)
		// 1009: the line was too long; 4400, 4403 and from 4500 on: not welcome. Coming back would change nothing.
		if code := websocket.CloseStatus(err); code == 1009 || code == 4400 || code == 4403 || code >= 4500 {
			log.Fatal(err)
		}
		time.Sleep(rand.N(min(20*time.Second, 500*time.Millisecond<<min(attempts, 6)))) // who was cut together returns apart
	}
}
