// A backend of Tidewire in Go, with its standard library alone: a token, a publish, and the events it is asked about.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

var (
	api         = or(os.Getenv("TIDEWIRE_URL"), "http://localhost:8080") + "/api"
	apiKey      = os.Getenv("TIDEWIRE_API_KEY")
	tokenSecret = os.Getenv("TIDEWIRE_TOKEN_SECRET")
	// What Tidewire shows, so that nobody else can ask these questions.
	proxySecret = os.Getenv("PROXY_SECRET")
)

type person struct{ id, name string }

// Stands for the sessions of your own application.
var sessions = map[string]person{"session-of-ann": {"1", "Ann"}}

type fields = map[string]any

// token is a token for a connection of user: a JWT by HMAC.
func token(user string, life time.Duration) string {
	encode := base64.RawURLEncoding.EncodeToString
	header, _ := json.Marshal(fields{"alg": "HS256", "typ": "JWT"})
	claims, _ := json.Marshal(fields{"sub": user, "exp": time.Now().Add(life).Unix()})
	signed := encode(header) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

var client = &http.Client{Timeout: 5 * time.Second}

// publish publishes data; with a key it may be asked again after an answer that never came.
func publish(channel string, data any, key string) error {
	question := fields{"channel": channel, "data": data}
	if key != "" {
		question["idempotency_key"] = key
	}
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, api+"/publish", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-API-Key", apiKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Error *struct {
			Code    int
			Message string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%d: %s", answer.Error.Code, answer.Error.Message)
	}
	return nil
}

type question struct {
	User   string          `json:"user"`
	Method string          `json:"method"`
	Data   json.RawMessage `json:"data"`
}

// connect says who it is. Asked for whoever shows no token.
func connect(_ question, request *http.Request) fields {
	if cookie, err := request.Cookie("session"); err == nil {
		if known, ok := sessions[cookie.Value]; ok {
			info := fields{"name": known.name}
			return fields{"result": fields{"user": known.id, "info": info, "channels": []string{"news"}}}
		}
	}
	return fields{"disconnect": fields{"code": 4501, "reason": "sign in first"}}
}

// mayPublish says what may be said, and how it is passed on.
func mayPublish(asked question, _ *http.Request) fields {
	var data struct{ Text string }
	if json.Unmarshal(asked.Data, &data) != nil || strings.TrimSpace(data.Text) == "" {
		return fields{"error": fields{"code": 422, "message": "text: expected some words"}}
	}
	return fields{"result": fields{"data": fields{"text": strings.TrimSpace(data.Text), "by": asked.User}}}
}

func call(asked question, _ *http.Request) fields {
	if asked.Method == "token" {
		return fields{"result": fields{"data": fields{"token": token(asked.User, 10*time.Minute)}}}
	}
	return fields{"error": fields{"code": 404, "message": "there is no such call"}}
}

func event(answer func(question, *http.Request) fields) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		secret := request.Header.Get("X-Proxy-Secret")
		if subtle.ConstantTimeCompare([]byte(secret), []byte(proxySecret)) != 1 {
			http.Error(response, "", http.StatusForbidden)
			return
		}
		var asked question
		if err := json.NewDecoder(http.MaxBytesReader(response, request.Body, 1<<20)).Decode(&asked); err != nil {
			http.Error(response, "", http.StatusBadRequest)
			return
		}
		response.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(response).Encode(answer(asked, request))
	}
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func run() error {
	if apiKey == "" || tokenSecret == "" || proxySecret == "" {
		return errors.New("set TIDEWIRE_API_KEY, TIDEWIRE_TOKEN_SECRET and PROXY_SECRET")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tidewire/connect", event(connect))
	mux.HandleFunc("POST /tidewire/publish", event(mayPublish))
	mux.HandleFunc("POST /tidewire/rpc", event(call))
	listener, err := net.Listen("tcp", "127.0.0.1:"+or(os.Getenv("BACKEND_PORT"), "3000"))
	if err != nil {
		return err
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := publish("news", fields{"text": "the backend has started"}, ""); err != nil {
		return err
	}
	return http.Serve(listener, mux)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
