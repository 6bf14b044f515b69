// Speaks by the library centrifuge-java: obeys the lines it reads, and tells each thing that happens as a line (sdks/speaker.ts).
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.ConnectedEvent;
import io.github.centrifugal.centrifuge.ConnectingEvent;
import io.github.centrifugal.centrifuge.ConnectionTokenEvent;
import io.github.centrifugal.centrifuge.ConnectionTokenGetter;
import io.github.centrifugal.centrifuge.DisconnectedEvent;
import io.github.centrifugal.centrifuge.DuplicateSubscriptionException;
import io.github.centrifugal.centrifuge.EventListener;
import io.github.centrifugal.centrifuge.HistoryOptions;
import io.github.centrifugal.centrifuge.Options;
import io.github.centrifugal.centrifuge.PublicationEvent;
import io.github.centrifugal.centrifuge.ReplyError;
import io.github.centrifugal.centrifuge.ResultCallback;
import io.github.centrifugal.centrifuge.SubscribedEvent;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionEventListener;
import io.github.centrifugal.centrifuge.TokenCallback;
import io.github.centrifugal.centrifuge.UnsubscribedEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

final class Speak {
    private static volatile TokenCallback waiting;

    private static synchronized void tell(Object... fields) {
        System.out.println(String.join("\t", Arrays.stream(fields).map(String::valueOf).toList()));
    }

    private static final class Tokens extends ConnectionTokenGetter {
        @Override
        public void getConnectionToken(ConnectionTokenEvent event, TokenCallback callback) {
            waiting = callback;
            tell("token");
        }
    }

    private static final class Events extends EventListener {
        @Override
        public void onConnected(Client client, ConnectedEvent event) {
            tell("connected");
        }

        @Override
        public void onConnecting(Client client, ConnectingEvent event) {
            tell("connecting", event.getCode());
        }

        @Override
        public void onDisconnected(Client client, DisconnectedEvent event) {
            tell("disconnected", event.getCode());
        }
    }

    private static final class ChannelEvents extends SubscriptionEventListener {
        @Override
        public void onSubscribed(Subscription subscription, SubscribedEvent event) {
            var how = !event.wasRecovering() ? "new" : event.getRecovered() ? "recovered" : "lost";
            tell("subscribed", subscription.getChannel(), how);
        }

        @Override
        public void onUnsubscribed(Subscription subscription, UnsubscribedEvent event) {
            tell("unsubscribed", subscription.getChannel(), event.getCode());
        }

        @Override
        public void onPublication(Subscription subscription, PublicationEvent event) {
            tell("publication", subscription.getChannel(), event.getOffset(), new String(event.getData(), UTF_8));
        }
    }

    /** Tells what an answer comes to, or the code of the error. */
    private static <T> ResultCallback<T> told(Function<T, List<?>> fields) {
        return (error, result) -> {
            if (error instanceof ReplyError refused) tell("error", refused.getCode());
            else if (error != null) error.printStackTrace();
            else tell(fields.apply(result).toArray());
        };
    }

    private static List<Object> line(Object first, List<?> rest) {
        var fields = new ArrayList<>(List.of(first));
        fields.addAll(rest);
        return fields;
    }

    private static void obey(Client client, String word, String name, String rest) throws DuplicateSubscriptionException {
        var data = rest.getBytes(UTF_8);
        switch (word) {
            case "connect" -> client.connect();
            case "disconnect" -> client.disconnect();
            case "token" -> waiting.Done(null, name);
            case "subscribe" -> client.newSubscription(name, new ChannelEvents()).subscribe();
            case "publish" -> client.publish(name, data, told(result -> List.of("published")));
            case "history" -> {
                var options = new HistoryOptions.Builder().withLimit(Integer.parseInt(rest)).build();
                client.history(name, options, told(history -> {
                    var told = history.getPublications().stream().map(each -> new String(each.getData(), UTF_8));
                    return line("history", line(history.getOffset(), told.toList()));
                }));
            }
            case "presence" -> client.presence(name, told(presence -> {
                var users = presence.getClients().values().stream().map(each -> each.getUser());
                return line("presence", users.toList());
            }));
            default -> client.rpc(name, data, told(answer -> List.of("answer", new String(answer.getData(), UTF_8))));
        }
    }

    public static void main(String[] args) throws IOException, DuplicateSubscriptionException, InterruptedException {
        var options = new Options();
        options.setTokenGetter(new Tokens());
        options.setMinReconnectDelay(10);
        options.setMaxReconnectDelay(100);
        var client = new Client(args[0], options, new Events());
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String text; (text = in.readLine()) != null; ) {
            var fields = text.split("\t");
            obey(client, fields[0], fields.length > 1 ? fields[1] : "", fields.length > 2 ? fields[2] : "");
        }
        client.close(1000);
        System.exit(0);
    }
}
