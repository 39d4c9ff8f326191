//! A real model server, llama.cpp, through each of the three formats that it speaks.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Instant,
};

use aiex_llm::{
    Class, Dialect, Endpoint, EndpointOptions, Error, Event, EventStream, Health, HttpProvider, Kind, Limits, Message,
    Part, Provider, Request, Role, Router, Spent, StopReason, Strategy, Target, Tool, ToolCall, ToolChoice, ToolResult,
    Usage,
};
use aiex_tests::{TIMEOUT, setup::TinyModel, upstream::Upstream};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

const KINDS: [Kind; 3] = [Kind::OpenAiChat, Kind::OpenAiResponses, Kind::Anthropic];

/// The tokens that each model of [`TinyModel`] can read.
const CONTEXT: u64 = 32768;

fn provider(kind: Kind, base_url: &str) -> HttpProvider {
    let options = EndpointOptions { provider: "tiny".into(), base_url: base_url.into(), ..EndpointOptions::default() };
    HttpProvider::new(Endpoint::new(options).expect("an endpoint"), Dialect { is_local: true, ..Dialect::of(kind) })
}

fn router(model: &TinyModel, kind: Kind) -> Router {
    let provider = Arc::new(provider(kind, model.url()));
    let target = Target { provider, model: model.name().into(), limits: Limits::default() };
    Router::new(vec![target], Strategy::Ordered, Router::PATIENCE, Arc::new(Health::default()), None)
}

fn ask(model: &TinyModel, question: &str) -> Request {
    Request { model: model.name().into(), messages: vec![Message::user(question)], ..Request::default() }
}

/// An answer from its first event to its end.
#[derive(Debug, Default)]
struct Answer {
    text: String,
    calls: Vec<ToolCall>,
    usage: Option<Usage>,
    spent: Option<Spent>,
    stop: Option<StopReason>,
    error: Option<Error>,
    /// How many pieces the text came in.
    pieces: u64,
}

async fn read(mut stream: EventStream) -> Answer {
    let mut answer = Answer::default();
    while let Some(event) = tokio::time::timeout(TIMEOUT, stream.next()).await.expect("the answer goes on") {
        assert!(answer.stop.is_none() && answer.error.is_none(), "{event:?} comes after the end: {answer:?}");
        match event {
            Ok(Event::Text(text)) => {
                assert!(!text.is_empty());
                answer.text.push_str(&text);
                answer.pieces += 1;
            }
            Ok(Event::ToolCall(call)) => answer.calls.push(call),
            Ok(Event::Usage(usage)) => answer.usage = Some(usage),
            Ok(Event::Spent(spent)) => answer.spent = Some(spent),
            Ok(Event::Stop(reason)) => answer.stop = Some(reason),
            Ok(Event::Answering { failed, .. }) => assert_eq!(failed, []),
            Ok(event @ (Event::Reasoning(_) | Event::Replay(_) | Event::Charged(_))) => {
                panic!("the model neither thinks nor charges: {event:?}")
            }
            Err(error) => answer.error = Some(error),
        }
    }
    assert!(answer.stop.is_some() || answer.error.is_some(), "it has an end: {answer:?}");
    answer
}

/// What the server answers to the bytes of a request, its head included.
fn exchange(model: &TinyModel, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(model.address()).expect("a connection");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
    stream.write_all(request).expect("it takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers and closes");
    answer
}

/// Of each slot of the server: whether it works, and how many tokens it has read and written for its last request.
async fn slots(model: &Arc<TinyModel>) -> Vec<(bool, u64)> {
    let model = model.clone();
    // Not on this thread, which has connections to close.
    let answer = spawn_blocking(move || exchange(&model, b"GET /slots HTTP/1.1\r\nConnection: close\r\n\r\n"));
    let answer = String::from_utf8(answer.await.expect("an exchange")).expect("text");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let slots: Vec<Value> = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    let slot = |slot: &Value| {
        let works = slot["is_processing"].as_bool().expect("whether it works");
        (works, slot["n_prompt_tokens"].as_u64().unwrap_or_default())
    };
    slots.iter().map(slot).collect()
}

#[tokio::test]
async fn text_of_every_width_arrives_whole() {
    let Some(model) = TinyModel::start() else { return };
    for kind in KINDS {
        let answer = read(provider(kind, model.url()).stream(ask(&model, "Grüße, 世界 🦀?"))).await;
        assert_eq!((answer.error, answer.text), (None, TinyModel::text()), "{kind:?}");
        assert_eq!(answer.stop, Some(StopReason::End), "{kind:?}");
        assert!(answer.pieces > 20, "{kind:?} streams: {} pieces", answer.pieces);
        assert_eq!(answer.calls, [], "{kind:?}");
    }
}

#[tokio::test]
async fn text_that_the_limit_cuts_is_a_part_and_says_so() {
    let Some(model) = TinyModel::start() else { return };
    let whole = TinyModel::text();
    for kind in KINDS {
        let provider = provider(kind, model.url());
        let tokens = read(provider.stream(ask(&model, "?"))).await.usage.expect("usage").output;
        // Responses take no lower limit than 16. The crab, of four tokens, is cut behind each; the last token says no more
        // than that the answer is over.
        for limit in 16..u32::try_from(tokens - 1).expect("a short answer") {
            let answer = read(provider.stream(Request { max_tokens: Some(limit), ..ask(&model, "?") })).await;
            assert_eq!(answer.error, None, "{kind:?}, {limit}");
            let text = &answer.text;
            assert!(whole.starts_with(text) && text.len() < whole.len(), "{kind:?}, {limit}: {text:?}");
            assert_eq!(answer.usage.expect("usage").output, u64::from(limit), "{kind:?}");
            // Of an answer's end, llama.cpp's Responses never say that it is none.
            let stop = if kind == Kind::OpenAiResponses { StopReason::End } else { StopReason::Length };
            assert_eq!(answer.stop, Some(stop), "{kind:?}, {limit}");
        }
    }
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_goes_back() {
    let Some(model) = TinyModel::caller() else { return };
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = Tool { name: "get_time".into(), description: "The time in a city.".into(), parameters: city };
    for (kind, tool_choice) in KINDS.iter().flat_map(|kind| [(*kind, ToolChoice::Auto), (*kind, ToolChoice::Any)]) {
        let provider = provider(kind, model.url());
        let mut request =
            Request { tools: vec![tool.clone()], tool_choice, ..ask(&model, "What time is it in Zürich?") };
        let answer = read(provider.stream(request.clone())).await;
        assert_eq!((answer.error, answer.stop), (None, Some(StopReason::ToolUse)), "{kind:?}");
        assert_eq!(answer.text, "", "{kind:?}");
        let [call] = &answer.calls[..] else { panic!("{kind:?}: one call, not {:?}", answer.calls) };
        assert_eq!(call.name, "get_time", "{kind:?}");
        assert!(!call.id.is_empty(), "{kind:?}");
        let arguments: Value = serde_json::from_str(&call.arguments).expect("JSON");
        assert_eq!(arguments, json!({"city": "Zürich 🦀"}), "{kind:?}");

        let result =
            ToolResult { id: call.id.clone(), name: call.name.clone(), content: "12:00".into(), is_error: false };
        let turn = |role, part| Message { role, parts: vec![part], ..Message::default() };
        request.messages.push(turn(Role::Assistant, Part::Call(call.clone())));
        request.messages.push(turn(Role::User, Part::Result(result)));
        let next = read(provider.stream(request)).await;
        assert_eq!((next.error, next.stop), (None, Some(StopReason::ToolUse)), "{kind:?}");
        // The model calls whatever it is told; but it was told more.
        let (first, second) = (answer.usage.expect("usage"), next.usage.expect("usage"));
        assert!(second.input > first.input + 20, "{kind:?}: {first:?}, {second:?}");
    }
}

#[tokio::test]
async fn a_call_that_the_limit_cuts_is_not_made() {
    let Some(model) = TinyModel::caller() else { return };
    let tool = Tool { name: "get_time".into(), description: String::new(), parameters: json!({"type": "object"}) };
    for kind in KINDS {
        let provider = provider(kind, model.url());
        let request = Request { tools: vec![tool.clone()], ..ask(&model, "?") };
        let whole = read(provider.stream(request.clone())).await;
        assert_eq!(whole.calls.len(), 1, "{kind:?}");
        for limit in 16..u32::try_from(whole.usage.expect("usage").output).expect("a short answer") {
            let answer = read(provider.stream(Request { max_tokens: Some(limit), ..request.clone() })).await;
            assert_eq!(answer.error, None, "{kind:?}, {limit}");
            // The last tokens only say that the call is over.
            let is_whole = |call: &ToolCall| call.arguments == whole.calls[0].arguments;
            assert!(answer.calls.len() <= 1 && answer.calls.iter().all(is_whole), "{kind:?}, {limit}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn usage_is_what_the_server_counts() {
    let Some(model) = TinyModel::start() else { return };
    let mut outputs = Vec::new();
    for kind in KINDS {
        let provider = provider(kind, model.url());
        // A token a byte of what is not in the reply, spaces aside; and what the template adds.
        let request = ask(&model, &format!("{kind:?}ß").repeat(50));
        let answer = read(provider.stream(request.clone())).await;
        let usage = answer.usage.expect("usage");
        let bytes = format!("{kind:?}ß").len() as u64 * 50;
        assert!((bytes..bytes + 60).contains(&usage.input), "{kind:?}: {usage:?} for {bytes} bytes");
        assert!(usage.output >= answer.pieces && usage.output < TinyModel::text().len() as u64, "{kind:?}: {usage:?}");
        assert_eq!((usage.cache_written, usage.reasoning), (0, 0), "{kind:?}");
        outputs.push(usage.output);

        let counted = provider.count(request.clone()).await.expect("a count");
        match kind {
            Kind::OpenAiChat => assert_eq!(counted, None, "the format has no way to count"),
            _ => assert_eq!(counted, Some(usage.input), "{kind:?}"),
        }

        let again = read(provider.stream(request)).await.usage.expect("usage");
        assert_eq!((again.input, again.output), (usage.input, usage.output), "{kind:?}");
        assert!(again.cached_input > usage.cached_input && again.cached_input < again.input, "{kind:?}: {again:?}");
    }
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
}

#[tokio::test]
async fn the_router_tells_what_was_used_and_that_it_cost_nothing() {
    let Some(model) = TinyModel::start() else { return };
    for kind in KINDS {
        let answer = read(router(&model, kind).stream(ask(&model, "?"), "test")).await;
        assert_eq!((answer.error, answer.text), (None, TinyModel::text()), "{kind:?}");
        let spent = answer.spent.expect("what was spent");
        assert_eq!((Some(spent.usage), spent.estimated, spent.cost_usd), (answer.usage, false, Some(0.0)), "{kind:?}");
        assert_eq!((&*spent.author.provider, &*spent.author.model), ("tiny", TinyModel::NAME));
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_with_both_numbers() {
    let Some(model) = TinyModel::start() else { return };
    for kind in KINDS {
        let provider = provider(kind, model.url());
        let request = ask(&model, &"a long prompt, é 世界 🦀 ".repeat(2000));
        let answer = read(provider.stream(request.clone())).await;
        let error = answer.error.expect("a refusal");
        assert_eq!((error.class(), answer.pieces), (Class::ContextOverflow, 0), "{kind:?}: {error}");
        let Error::ContextOverflow { used: Some(used), limit, model: name, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*limit, &**name), (Some(CONTEXT), TinyModel::NAME), "{kind:?}");
        if kind != Kind::OpenAiChat {
            assert_eq!(provider.count(request).await, Ok(Some(*used)), "{kind:?}");
        }
        let said = error.to_string();
        let parts = ["`tiny-model`", "tiny (http://127.0.0.1:", &format!("{used} tokens of at most {CONTEXT}")];
        assert!(parts.iter().all(|part| said.contains(part)), "{kind:?}: {said}");
        assert!(!said.contains("a long prompt"), "{said}");
        // It is the same to a person who asks through the router, and is told so at once.
        let routed = router(&model, kind).stream(ask(&model, &"é".repeat(40_000)), "test");
        assert_eq!(read(routed).await.error.expect("a refusal").class(), Class::ContextOverflow, "{kind:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_frees_its_slot() {
    let Some(model) = TinyModel::talker().map(Arc::new) else { return };
    for (kind, is_routed) in KINDS.iter().flat_map(|kind| [(*kind, false), (*kind, true)]) {
        // The model talks until its context is full, if it is let.
        let request = Request { max_tokens: u32::try_from(CONTEXT).ok(), ..ask(&model, "?") };
        let mut stream = match is_routed {
            false => provider(kind, model.url()).stream(request),
            true => router(&model, kind).stream(request, "test"),
        };
        let mut pieces = 0;
        while pieces < 100 {
            let event =
                tokio::time::timeout(TIMEOUT, stream.next()).await.expect("in time").expect("an endless answer");
            pieces += usize::from(matches!(event.expect("no failure"), Event::Text(_)));
        }
        let busy = slots(&model).await;
        assert_eq!(busy.iter().filter(|(works, _)| *works).count(), 1, "{kind:?}: {busy:?}");

        drop(stream);
        let dropped = Instant::now();
        let idle = loop {
            let slots = slots(&model).await;
            if slots.iter().all(|(works, _)| !works) {
                break slots;
            }
            assert!(dropped.elapsed() < TIMEOUT, "{kind:?}: {slots:?}");
        };
        // Not because it had come to its end.
        assert!(idle.iter().all(|(_, tokens)| *tokens < CONTEXT / 2), "{kind:?}: {idle:?}");
    }
}

#[tokio::test]
async fn two_streams_at_once_stay_apart_and_one_may_be_dropped() {
    let Some(model) = TinyModel::talker() else { return };
    for kind in KINDS {
        let provider = provider(kind, model.url());
        let request = |limit| Request { max_tokens: Some(limit), ..ask(&model, "?") };
        let mut endless = provider.stream(request(30_000));
        while !matches!(endless.next().await, Some(Ok(Event::Text(_)))) {}
        let short = provider.stream(request(64));
        let dropped = endless.take(20).for_each(|event| async move { assert!(event.is_ok()) });
        let ((), answer) = tokio::join!(dropped, read(short));
        assert_eq!((answer.error, answer.usage.expect("usage").output), (None, 64), "{kind:?}");
        assert!(answer.text.starts_with("On and on it goes; then, On and on"), "{kind:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn models_are_listed_with_what_the_server_says_of_them() {
    let Some(model) = TinyModel::start() else { return };
    for kind in KINDS {
        let provider = provider(kind, model.url());
        let models = provider.models().await.expect("a list");
        let [(name, listed)] = &models[..] else { panic!("{kind:?}: one model, not {models:?}") };
        assert_eq!(name, TinyModel::NAME);
        // Anthropic's list has no such thing as llama.cpp's `meta`.
        if kind != Kind::Anthropic {
            assert_eq!((listed.context, listed.vision), (Some(CONTEXT), Some(false)), "{kind:?}");
            assert_eq!(provider.model(name).context, Some(CONTEXT), "{kind:?}: it is remembered");
        }
    }
}

#[tokio::test]
async fn the_same_question_twice_at_once_is_sent_once() {
    let Some(model) = TinyModel::start().map(Arc::new) else { return };
    // Between the two, so that what is sent can be seen; what is answered is the real server's.
    let server = model.clone();
    let between = Upstream::serving(move |mut one| {
        let (line, body) = (&one.request.line, &one.request.body);
        let length = body.len();
        let fields = format!("Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close");
        let answer = exchange(&server, &[format!("{line}\r\n{fields}\r\n\r\n").as_bytes(), body].concat());
        one.send(answer);
    });
    let provider = provider(Kind::Anthropic, &between.base_url());
    let request = ask(&model, "How many tokens are these?");

    let (first, second) = tokio::join!(provider.count(request.clone()), provider.count(request.clone()));
    assert_eq!(first, second);
    assert!(first.expect("a count").is_some_and(|tokens| tokens > 20));
    let (first, second) = tokio::join!(provider.models(), provider.models());
    assert_eq!(first, second);
    assert_eq!(first.expect("a list").len(), 1);
    let sent = || between.requests().into_iter().map(|request| request.line).collect::<Vec<_>>();
    assert_eq!(sent(), ["POST /v1/messages/count_tokens HTTP/1.1", "GET /v1/models?limit=1000 HTTP/1.1"]);

    // Another question is another, and so is the same one later.
    let other = ask(&model, "And how many are these?");
    let (first, other) = tokio::join!(provider.count(request), provider.count(other));
    assert!(first.is_ok() && other.is_ok() && first != other, "{first:?}, {other:?}");
    assert_eq!(sent().len(), 4);
}
