// Speaks by the module centrifuge-go: obeys the lines it reads, and tells each thing that happens as a line (sdks/speaker.ts).
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

// A line is one write: goroutines tell at the same time.
func tell(fields ...string) {
	os.Stdout.WriteString(strings.Join(fields, "\t") + "\n")
}

func number[N uint32 | uint64](value N) string {
	return strconv.FormatUint(uint64(value), 10)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func subscribe(client *centrifuge.Client, channel string) {
	subscription, err := client.NewSubscription(channel)
	must(err)
	subscription.OnSubscribed(func(event centrifuge.SubscribedEvent) {
		how := "new"
		if event.WasRecovering && event.Recovered {
			how = "recovered"
		} else if event.WasRecovering {
			how = "lost"
		}
		tell("subscribed", channel, how)
	})
	subscription.OnUnsubscribed(func(event centrifuge.UnsubscribedEvent) {
		tell("unsubscribed", channel, number(event.Code))
	})
	subscription.OnPublication(func(event centrifuge.PublicationEvent) {
		tell("publication", channel, number(event.Offset), string(event.Data))
	})
	must(subscription.Subscribe())
}

func ask(client *centrifuge.Client, word, name, rest string) error {
	background := context.Background()
	switch word {
	case "publish":
		_, err := client.Publish(background, name, []byte(rest))
		if err == nil {
			tell("published")
		}
		return err
	case "history":
		limit, err := strconv.Atoi(rest)
		must(err)
		history, err := client.History(background, name, centrifuge.WithHistoryLimit(int32(limit)))
		fields := []string{"history", number(history.Offset)}
		for _, each := range history.Publications {
			fields = append(fields, string(each.Data))
		}
		if err == nil {
			tell(fields...)
		}
		return err
	case "presence":
		presence, err := client.Presence(background, name)
		fields := []string{"presence"}
		for _, each := range presence.Clients {
			fields = append(fields, each.User)
		}
		if err == nil {
			tell(fields...)
		}
		return err
	}
	answer, err := client.RPC(background, name, []byte(rest))
	if err == nil {
		tell("answer", string(answer.Data))
	}
	return err
}

func main() {
	tokens := make(chan string)
	config := centrifuge.Config{
		MinReconnectDelay: 10 * time.Millisecond,
		MaxReconnectDelay: 100 * time.Millisecond,
		GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) {
			tell("token")
			return <-tokens, nil
		},
	}
	client := centrifuge.NewJsonClient(os.Args[1], config)
	if os.Args[2] == "Protobuf" {
		client = centrifuge.NewProtobufClient(os.Args[1], config)
	}
	client.OnConnected(func(centrifuge.ConnectedEvent) { tell("connected") })
	client.OnConnecting(func(event centrifuge.ConnectingEvent) { tell("connecting", number(event.Code)) })
	client.OnDisconnected(func(event centrifuge.DisconnectedEvent) { tell("disconnected", number(event.Code)) })
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fields := append(strings.Split(in.Text(), "\t"), "", "")
		switch fields[0] {
		case "connect":
			// It returns when it is connected, which takes the token of a line to come.
			go func() { must(client.Connect()) }()
		case "disconnect":
			must(client.Disconnect())
		case "token":
			tokens <- fields[1]
		case "subscribe":
			subscribe(client, fields[1])
		default:
			go func() {
				var refused *centrifuge.Error
				if err := ask(client, fields[0], fields[1], fields[2]); errors.As(err, &refused) {
					tell("error", number(refused.Code))
				} else if err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}()
		}
	}
	client.Close()
}
