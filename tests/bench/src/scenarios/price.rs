//! Dollars per million messages, ours and the naive design: amounts from the run, prices from `prices.json`.

use std::time::Duration;

use crate::{
    Error, Setup,
    node::Missing,
    prices::{Cost, Price, PriceList, Resources},
    report::{Goal, Section, Table, median, per},
    scenarios::naive::{Comparison, Design, Figures, NAIVE_MEMORY, Row},
};

/// The prices are of so many messages.
const MESSAGES: f64 = 1e6;
/// The memory of `authorize` in MB: the template's default.
const AUTHORIZER_MEMORY: u64 = 256;

/// So many messages per mark, where a client marks once per screen and not once per message.
const MESSAGES_PER_MARK: f64 = 10.0;

/// How a client sends its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Http,
    /// The reply is a frame.
    SocketWithReply,
    /// There is no reply.
    Socket,
}

/// What one request uses, its posts included.
#[allow(clippy::cast_precision_loss, reason = "a count of posts")]
fn resources(list: &PriceList, figures: &Figures, transport: Transport) -> Resources {
    let posts = per(figures.posts as f64, figures.requests);
    let (http_requests, frames) = match transport {
        Transport::Http => (1.0, 0.0),
        Transport::SocketWithReply => (0.0, 2.0),
        Transport::Socket => (0.0, 1.0),
    };
    let assumed = &list.assumptions;
    let (log_bytes, traces) = match transport {
        Transport::Socket => (assumed.naive_log_bytes.value, 0.0),
        Transport::Http | Transport::SocketWithReply => (log_bytes(list), assumed.traced_share.value),
    };
    let used = figures.usage_per_request().unwrap_or_default();
    // A function on AWS has its share of a core to itself.
    let wall = median(&figures.times).saturating_sub(used.waited);
    Resources {
        write_units: per(figures.counts.write_units, figures.requests),
        read_units: per(figures.counts.read_units, figures.requests),
        http_requests,
        socket_messages: frames + posts,
        invocations: 1.0,
        gigabyte_seconds: list.gigabyte_seconds(wall, used.cpu, figures.memory),
        log_bytes,
        traces,
    }
}

/// What is logged for a request of ours.
fn log_bytes(list: &PriceList) -> f64 {
    let assumed = &list.assumptions;
    assumed.request_line_bytes.value + assumed.access_log_bytes.value + assumed.platform_log_bytes.value
}

/// What `authorize` uses for each of a client's requests.
fn authorizer(list: &PriceList) -> Resources {
    let assumptions = &list.assumptions;
    let share = 1.0 / assumptions.requests_per_authorization.value;
    let billed = Duration::from_secs_f64(assumptions.authorizer_milliseconds.value / 1000.0);
    Resources {
        invocations: share,
        gigabyte_seconds: list.gigabyte_seconds(billed, Duration::ZERO, AUTHORIZER_MEMORY) * share,
        log_bytes: (assumptions.request_line_bytes.value + assumptions.platform_log_bytes.value) * share,
        traces: assumptions.traced_share.value * share,
        ..Resources::default()
    }
}

/// The amount with cents.
fn dollars(amount: f64) -> String {
    format!("{amount:.2}")
}

fn cells(cost: &Cost) -> [String; 7] {
    [cost.writes, cost.reads, cost.gateway, cost.lambda, cost.logs, cost.traces, cost.total()].map(dollars)
}

/// The prices of sends by the number of recipients.
fn by_recipients(list: &PriceList, sends: &[Row]) -> Table {
    let mut table = Table::new(&[
        "recipients",
        "others connected",
        "design",
        "writes",
        "reads",
        "API Gateway",
        "Lambda",
        "logs",
        "X-Ray",
        "together",
    ]);
    for Row { design, recipients, others, send } in sends {
        let transport = if *design == Design::Ours { Transport::SocketWithReply } else { Transport::Socket };
        let [writes, reads, gateway, lambda, logs, traces, total] =
            cells(&list.cost(&resources(list, send, transport), MESSAGES));
        let name = design.name().to_owned();
        table.row([
            recipients.to_string(),
            others.to_string(),
            name,
            writes,
            reads,
            gateway,
            lambda,
            logs,
            traces,
            total,
        ]);
    }
    table
}

/// A message in a private chat with all that belongs to it.
struct AllIn {
    table: Table,
    /// What one message of ours uses: over HTTP, and over WebSocket.
    ours: [Resources; 2],
    /// What marking uses of that.
    marks: [Resources; 2],
}

fn all_in(list: &PriceList, compared: &Comparison) -> Result<AllIn, Error> {
    let mut table =
        Table::new(&["design", "part", "writes", "reads", "API Gateway", "Lambda", "logs", "X-Ray", "together"]);
    let (mut ours, mut marks) = ([Resources::default(); 2], [Resources::default(); 2]);
    let variants = [
        (Design::Ours, Transport::Http, "ours, over HTTP"),
        (Design::Ours, Transport::SocketWithReply, "ours, over WebSocket"),
        (Design::OneAfterAnother, Transport::Socket, "naive"),
    ];
    for (number, (design, transport, name)) in variants.into_iter().enumerate() {
        let send = compared.sends.iter().find(|row| row.design == design && row.recipients == 1 && row.others == 0);
        let mark = compared.marks.iter().find(|(of, _)| *of == design);
        let (Some(send), Some((_, mark))) = (send, mark) else {
            return Err(Error(format!("{name}: the private chat was not measured")));
        };
        let (send, mark) = (resources(list, &send.send, transport), resources(list, mark, transport));
        let mut parts = vec![("send, one push", send), ("mark as seen", mark)];
        if design == Design::Ours {
            // For the send and for the mark.
            parts.push(("authorizer", authorizer(list) + authorizer(list)));
        }
        let together = parts.iter().fold(Resources::default(), |sum, (_, part)| sum + *part);
        if let (Some(total), Some(of_marks)) = (ours.get_mut(number), marks.get_mut(number)) {
            (*total, *of_marks) = (together, mark + authorizer(list));
        }
        parts.push(("together", together));
        for (part, resources) in parts {
            let [writes, reads, gateway, lambda, logs, traces, total] = cells(&list.cost(&resources, MESSAGES));
            table.row([name.to_owned(), part.to_owned(), writes, reads, gateway, lambda, logs, traces, total]);
        }
    }
    Ok(AllIn { table, ours, marks })
}

/// What each line of AWS's bill costs for a million messages of ours: over HTTP, and over WebSocket.
fn line_items(list: &PriceList, ours: &[Resources; 2]) -> Table {
    type Units = fn(&Resources) -> f64;
    let mut table = Table::new(&[
        "ours: line of the bill",
        "a million cost, $",
        "per message, over HTTP",
        "$",
        "per message, over WebSocket",
        "$",
    ]);
    let prices = &list.prices;
    let lines: [(&str, &Price, Units); 8] = [
        ("DynamoDB, write units", &prices.write_units, |used| used.write_units),
        ("DynamoDB, read units", &prices.read_units, |used| used.read_units),
        ("API Gateway, HTTP requests", &prices.http_requests, |used| used.http_requests),
        ("API Gateway, frames, replies and pushes", &prices.socket_messages, |used| used.socket_messages),
        ("Lambda, invocations", &prices.invocations, |used| used.invocations),
        ("Lambda, GB-s", &prices.gigabyte_seconds, |used| used.gigabyte_seconds),
        ("CloudWatch Logs, bytes", &prices.log_bytes, |used| used.log_bytes),
        ("X-Ray, traces", &prices.traces, |used| used.traces),
    ];
    for (line, price, units) in lines {
        let [http, socket] = ours.map(|used| units(&used));
        let cost = |units: f64| dollars(price.of(units * MESSAGES));
        // Of bytes: half a thousandth of a dollar.
        let unit_price = format!("{}", (price.of(MESSAGES) * 1e4).round() / 1e4);
        table.row([line.to_owned(), unit_price, amount(http), cost(http), amount(socket), cost(socket)]);
    }
    let [http, socket] = ours.map(|used| dollars(list.cost(&used, MESSAGES).total()));
    let none = String::new;
    table.row(["together".to_owned(), none(), none(), http, none(), socket]);
    table
}

/// An amount per message, with as many digits as say something.
fn amount(units: f64) -> String {
    if units >= 100.0 {
        format!("{units:.0}")
    } else if units >= 0.1 || units == 0.0 {
        format!("{units:.2}")
    } else {
        format!("{units:.4}")
    }
}

/// What every 1,000 other connections add to the price of a naive send, and from how many on it is dearer than ours.
/// None if they add nothing, or if a naive send is the dearer one with none.
#[allow(clippy::cast_precision_loss, reason = "some thousand connections")]
fn scan_price(list: &PriceList, sends: &[Row]) -> Option<(f64, f64)> {
    let crowded = sends.iter().find(|row| row.design == Design::OneAfterAnother && row.others > 0)?;
    let price = |design: Design, others: usize| {
        let row = sends
            .iter()
            .find(|row| row.design == design && row.recipients == crowded.recipients && row.others == others)?;
        let transport = if design == Design::Ours { Transport::SocketWithReply } else { Transport::Socket };
        Some(list.cost(&resources(list, &row.send, transport), MESSAGES).total())
    };
    let (alone, ours) = (price(Design::OneAfterAnother, 0)?, price(Design::Ours, 0)?);
    let of_one = (price(Design::OneAfterAnother, crowded.others)? - alone) / crowded.others as f64;
    (of_one > 0.0 && ours > alone).then(|| (of_one * 1000.0, (ours - alone) / of_one))
}

/// The section of the report.
///
/// # Errors
///
/// The prices cannot be read.
pub fn section(setup: &Setup, compared: &Result<Comparison, Missing>) -> Result<Section, Error> {
    const TITLE: &str = "Price of a million messages";
    let compared = match compared {
        Ok(compared) => compared,
        Err(missing) => {
            let text = format!("Left out, because this machine cannot run the naive design: {missing}.");
            return Ok(Section { title: TITLE, text, ..Section::default() });
        }
    };
    let list = PriceList::read(&setup.root)?;
    let AllIn { table: private, ours, marks } = all_in(&list, compared)?;
    let [http, socket] = ours.map(|used| list.cost(&used, MESSAGES));
    let [http_marked_rarely, socket_marked_rarely] = [0, 1].map(|at: usize| {
        let cost = |used: &[Resources; 2]| used.get(at).map_or(f64::NAN, |used| list.cost(used, MESSAGES).total());
        cost(&ours) - cost(&marks) * (1.0 - 1.0 / MESSAGES_PER_MARK)
    });
    let lines = line_items(&list, &ours);
    let by_recipients = by_recipients(&list, &compared.sends);
    let goals = vec![
        Goal::at_most("a million messages, 1:1, all in, over HTTP, $", http.total(), 8.0, 2),
        Goal::at_most("a million messages, 1:1, all in, over WebSocket, $", socket.total(), 8.0, 2),
    ];
    let memory = compared.sends.iter().find(|row| row.design == Design::Ours).map_or(0, |row| row.send.memory);
    let assumed = &list.assumptions;
    let scan = scan_price(&list, &compared.sends).map_or(String::new(), |(dollars, connections)| {
        format!(
            " Every 1,000 connections in the table of the naive design add $ {dollars:.2} to the million. From \
             {connections:.0} connections on, its send to the same recipients is the dearer one."
        )
    });
    let text = format!(
        "Dollars in {} with the prices of {} ([prices.json](../tests/bench/prices.json) names the page of each \
         price, and why each assumption is as it is). Capacity, posts and times are those of the run. Left out: \
         free tiers, data transfer, storage, and connections ($ {:.2} per million minutes), which cost both \
         designs the same.\n\n\
         Lambda: send-message has {memory} MB, the naive function {NAIVE_MEMORY} MB. Billed is the time in which \
         the function waited for answers (not for a core), and its CPU time divided by its share of a core, memory \
         / {} MB. Logs: {} bytes for a request of ours, {} for a naive one. X-Ray: {:.0} % of \
         the invocations of ours. API Gateway: ours over WebSocket is a \
         frame, its reply, and the pushes; the naive design sends no reply. Over HTTP, sender and reader have no \
         WebSocket connection in this example; if they have one, it gets the event as well, which costs $ {:.2} \
         more for the send and for the mark. One authorization serves {} requests.\n\n\
         The first table is a message in a private chat that its reader marks as seen. Marking is a receipt to the \
         sender with us. The naive design only adds a name to the list of the message and tells nobody. The second \
         table is the bill for ours, line by line. The third is a send alone, over WebSocket, by the number of \
         recipients.{scan}\n\n\
         $ 8 is out of reach: writes and API Gateway alone are $ {:.2} over HTTP and $ {:.2} over WebSocket, whatever \
         the program does. A send writes four items in one transaction, which counts each twice, for an order without \
         holes, one message per repeat, a read position and a budget; the naive design writes one item. What a \
         client can do: if it marks once per {MESSAGES_PER_MARK} messages, and not each, a million messages cost \
         $ {http_marked_rarely:.2} over HTTP and $ {socket_marked_rarely:.2} over WebSocket.",
        list.region,
        list.date,
        list.prices.connection_minutes.dollars,
        assumed.vcpu_megabytes.value,
        log_bytes(&list),
        assumed.naive_log_bytes.value,
        assumed.traced_share.value * 100.0,
        list.prices.socket_messages.dollars,
        assumed.requests_per_authorization.value,
        http.writes + http.gateway,
        socket.writes + socket.gateway,
    );
    Ok(Section { title: TITLE, text, tables: vec![private, lines, by_recipients], charts: Vec::new(), goals })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Counts;

    fn row(design: Design, others: usize, read_units: f64, write_units: f64) -> Row {
        let counts = Counts { read_units, write_units, ..Counts::default() };
        let times = vec![Duration::from_millis(20)];
        let (last_deliveries, usage, peak_memory) = (Vec::new(), None, None);
        let send = Figures { requests: 1, counts, posts: 10, last_deliveries, times, usage, peak_memory, memory: 256 };
        Row { design, recipients: 10, others, send }
    }

    #[test]
    fn scan_is_dearer_from_some_number_of_connections_on() {
        let mut list = PriceList::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap();
        list.prices.read_units.dollars = 1.0;
        list.prices.write_units.dollars = 1.0;
        list.prices.log_bytes.dollars = 0.0;
        list.prices.traces.dollars = 0.0;
        // Ours is $ 5 dearer: a reply, and four write units. 10,000 connections add 20 read units.
        let sends = [
            row(Design::Ours, 0, 1.0, 5.0),
            row(Design::OneAfterAnother, 0, 1.0, 1.0),
            row(Design::Ours, 10_000, 1.0, 5.0),
            row(Design::OneAfterAnother, 10_000, 21.0, 1.0),
        ];
        let (dollars, connections) = scan_price(&list, &sends).unwrap();
        assert!((dollars - 2.0).abs() < 1e-6, "{dollars}");
        assert!((connections - 2_500.0).abs() < 1e-3, "{connections}");
    }

    #[test]
    fn nothing_is_said_of_a_scan_that_costs_nothing_more() {
        let list = PriceList::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap();
        let naive = [row(Design::OneAfterAnother, 0, 1.0, 1.0), row(Design::OneAfterAnother, 10_000, 1.0, 1.0)];
        let ours = row(Design::Ours, 0, 1.0, 5.0);
        assert_eq!(scan_price(&list, &[ours].into_iter().chain(naive).collect::<Vec<_>>()), None);
    }
    /// The lines that no time is part of.
    #[test]
    fn operations_md_quotes_the_lines_of_the_bill() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let list = PriceList::read(root).unwrap();
        let counted =
            |read_units, write_units| Figures { posts: 1, ..row(Design::Ours, 0, read_units, write_units).send };
        let ours = [Transport::Http, Transport::SocketWithReply].map(|transport| {
            let (send, mark) = (counted(3.5, 8.0), counted(3.5, 1.0));
            let requests = resources(&list, &send, transport) + resources(&list, &mark, transport);
            requests + authorizer(&list) + authorizer(&list)
        });
        let text = std::fs::read_to_string(root.join("docs/OPERATIONS.md")).unwrap();
        let lines = line_items(&list, &ours).rows;
        assert_eq!(lines.len(), 9);
        for cells in lines.iter().filter(|cells| !["Lambda, GB-s", "together"].contains(&&*cells[0])) {
            let [line, _, http, http_cost, socket, socket_cost] = &cells[..] else { panic!("{cells:?}") };
            let quoted = format!("| {line} | {http} | ${http_cost} | {socket} | ${socket_cost} |");
            assert!(text.contains(&quoted), "docs/OPERATIONS.md does not have {quoted}");
        }
    }
}
