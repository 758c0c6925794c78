//! What tools learn of the listener.

use tonic_reflection::pb::{v1, v1alpha};

use crate::harness::{TestServer, soon};

const SERVICES: [&str; 5] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "merak.v1.Discovery",
    "merak.v1.Registry",
];

/// Asks by one version of reflection which services there are, and whether each is described.
macro_rules! assert_described {
    ($version:ident, $server:expr) => {
        use $version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let asked = [MessageRequest::ListServices(String::new())];
        let symbols = SERVICES.map(|name| MessageRequest::FileContainingSymbol(name.to_owned()));
        let requests = asked.into_iter().chain(symbols);
        let requests = requests.map(|asked| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(asked),
        });
        let mut client = ServerReflectionClient::new($server.channel.clone());
        let answers = client.server_reflection_info(tokio_stream::iter(requests));
        let mut answers = soon(answers).await.unwrap().into_inner();
        let mut answer = async || {
            let answer = soon(answers.message()).await.unwrap().unwrap();
            answer.message_response.unwrap()
        };
        let MessageResponse::ListServicesResponse(listed) = answer().await else {
            panic!("services were asked for");
        };
        let mut names: Vec<String> = listed.service.into_iter().map(|it| it.name).collect();
        names.sort();
        assert_eq!(names, SERVICES);
        for name in SERVICES {
            let described = answer().await;
            let is_file = matches!(described, MessageResponse::FileDescriptorResponse(_));
            assert!(is_file, "{name}");
        }
    };
}

#[tokio::test]
async fn the_services_that_are_served_are_described() {
    let server = TestServer::start().await;
    assert_described!(v1, server);
}

#[tokio::test]
async fn older_tools_are_told_the_same() {
    let server = TestServer::start().await;
    assert_described!(v1alpha, server);
}
