//! Head office over plain HTTP, as `shouwen_sync::message` describes it.

use std::fmt;
use std::time::Duration;

use minicbor::{Decode, Encode};
use shouwen_domain::certificate::Subject;
use shouwen_domain::id::{DeviceId, PersonId};
use shouwen_domain::signature::{Context, SecretKey, Signed};
use shouwen_sync::message::{
    Bytes, Challenge, Contact, Contacted, Enrol, Enrolled, Failure, FailureCode, MEDIA_TYPE, Page,
    Pull, Push, Pushed, Reading, SignIn, SignedIn, SiteTexts, Stated, Withdraw,
};

/// The largest answer there is: the texts of a site, or a page.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;
const ANSWER_LASTS: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct Office {
    agent: ureq::Agent,
    /// Without a slash at its end.
    base: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeError {
    NotPlainHttp {
        server: String,
    },
    NoAnswer {
        server: String,
        what: String,
    },
    Declined {
        path: &'static str,
        failure: Failure,
        retry_after_s: Option<u64>,
    },
    /// Somebody answers, but not as head office does.
    NotHeadOffice {
        server: String,
        path: &'static str,
        status: u16,
    },
}

impl fmt::Display for OfficeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPlainHttp { server } => {
                write!(
                    f,
                    "{server} is not a plain address such as http://127.0.0.1:8080"
                )
            }
            Self::NoAnswer { server, what } => write!(
                f,
                "No answer from {server} ({what}): start it with `cargo xtask run`, or name another with --server"
            ),
            Self::Declined {
                path,
                failure,
                retry_after_s,
            } => {
                write!(f, "The server declined {path}: {}", failure.detail)?;
                match retry_after_s {
                    Some(s) => write!(f, "; try again in {s} s"),
                    None => Ok(()),
                }
            }
            Self::NotHeadOffice {
                server,
                path,
                status,
            } => write!(
                f,
                "{server} answers {path} with {status}, but not as this version's head office does"
            ),
        }
    }
}

impl std::error::Error for OfficeError {}

impl OfficeError {
    pub fn code(&self) -> Option<FailureCode> {
        match self {
            Self::Declined { failure, .. } => Some(failure.code),
            Self::NotPlainHttp { .. } | Self::NoAnswer { .. } | Self::NotHeadOffice { .. } => None,
        }
    }

    /// For how long head office wants not to be asked, where it said so.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Declined { retry_after_s, .. } => *retry_after_s,
            Self::NotPlainHttp { .. } | Self::NoAnswer { .. } | Self::NotHeadOffice { .. } => None,
        }
    }
}

impl Office {
    pub fn at(server: &str) -> Result<Self, OfficeError> {
        let base = server.trim_end_matches('/');
        if !base.starts_with("http://") || base.len() == "http://".len() {
            return Err(OfficeError::NotPlainHttp {
                server: server.to_owned(),
            });
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_LASTS))
            .proxy(None);
        Ok(Self {
            agent: config.build().into(),
            base: base.to_owned(),
        })
    }

    pub fn address(&self) -> &str {
        &self.base
    }

    /// Has a device join the site of this code.
    pub fn enrol(
        &self,
        code: &str,
        device: DeviceId,
        key: &SecretKey,
    ) -> Result<Enrolled, OfficeError> {
        let message = Enrol {
            code: code.to_owned(),
            device,
            key: Bytes(key.public().to_cose_key()),
            certificate: None,
        };
        self.post("/api/enrol", None, &message)
    }

    /// Signs a person in on a device, who signs there with this key from now on; the device gets another certificate.
    pub fn sign_in(
        &self,
        person: &PersonId,
        pin: &str,
        key: &SecretKey,
        enrolled: &mut Enrolled,
        token: &str,
    ) -> Result<(), OfficeError> {
        let message = SignIn {
            person: person.clone(),
            pin: pin.to_owned(),
            certificate: enrolled.certificate.clone(),
            key: Bytes(key.public().to_cose_key()),
            first_certificate: None,
        };
        let answer: SignedIn = self.post("/api/sign-in", Some(token), &message)?;
        enrolled.certificate = answer.certificate;
        Ok(())
    }

    /// Opens a contact: proves the device's key, and checks that it is head office who answers.
    pub fn contact(
        &self,
        enrolled: &Enrolled,
        device: DeviceId,
        key: &SecretKey,
        reader: Option<(&PersonId, &SecretKey)>,
        head: Stated,
        forked: bool,
    ) -> Result<Contacted, OfficeError> {
        let challenge: Challenge = self.post("/api/challenge", None, &())?;
        let reading = reader.map(|(person, key)| {
            let reading = Reading {
                person: person.clone(),
                device,
                nonce: challenge.nonce.clone(),
            };
            let payload = minicbor::to_vec(reading).expect("writing to a vector cannot fail");
            Bytes(Signed::by(key, Context::Reading, payload).to_bytes())
        });
        let said = Contact {
            device,
            certificate: enrolled.certificate.clone(),
            nonce: challenge.nonce,
            head,
            forked,
            reading,
        };
        let path = "/api/contact";
        let body = minicbor::to_vec(&said).expect("writing to a vector cannot fail");
        let signed = Signed::by(key, Context::Contact, body).to_bytes();
        let answer = self.read_bytes(path, self.request(path, None).send(&signed[..]))?;
        signed_by_office::<Contacted>(enrolled, Context::Contacted, &answer)
            .filter(|it| it.nonce == said.nonce && it.device == device)
            .ok_or_else(|| self.not_head_office(path))
    }

    fn not_head_office(&self, path: &'static str) -> OfficeError {
        OfficeError::NotHeadOffice {
            server: self.base.clone(),
            path,
            status: 200,
        }
    }

    pub fn withdraw(&self, token: &str, withdraw: &Withdraw) -> Result<Pushed, OfficeError> {
        self.post("/api/withdraw", Some(token), withdraw)
    }

    pub fn site(&self, token: &str) -> Result<SiteTexts, OfficeError> {
        let path = "/api/site";
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {token}"));
        self.read(path, request.call())
    }

    pub fn push(&self, token: &str, push: &Push) -> Result<Pushed, OfficeError> {
        self.post("/api/push", Some(token), push)
    }

    pub fn pull(&self, enrolled: &Enrolled, token: &str, pull: &Pull) -> Result<Page, OfficeError> {
        let path = "/api/pull";
        let body = minicbor::to_vec(pull).expect("writing to a vector cannot fail");
        let answer = self.read_bytes(path, self.request(path, Some(token)).send(&body[..]))?;
        signed_by_office(enrolled, Context::Page, &answer).ok_or_else(|| self.not_head_office(path))
    }

    fn post<T: for<'b> Decode<'b, ()>>(
        &self,
        path: &'static str,
        token: Option<&str>,
        message: &impl Encode<()>,
    ) -> Result<T, OfficeError> {
        let body = minicbor::to_vec(message).expect("writing to a vector cannot fail");
        self.read(path, self.request(path, token).send(&body[..]))
    }

    fn request(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("content-type", MEDIA_TYPE);
        match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn read<T: for<'b> Decode<'b, ()>>(
        &self,
        path: &'static str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, OfficeError> {
        let body = self.read_bytes(path, answer)?;
        minicbor::decode(&body).map_err(|_| self.not_head_office(path))
    }

    fn read_bytes(
        &self,
        path: &'static str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Vec<u8>, OfficeError> {
        let no_answer = |error: ureq::Error| OfficeError::NoAnswer {
            server: self.base.clone(),
            what: error.to_string(),
        };
        let mut answer = answer.map_err(no_answer)?;
        let status = answer.status().as_u16();
        let not_ours = || OfficeError::NotHeadOffice {
            server: self.base.clone(),
            path,
            status,
        };
        let retry_after_s = answer
            .headers()
            .get("retry-after")
            .and_then(|it| it.to_str().ok()?.parse().ok());
        let reader = answer.body_mut().with_config().limit(ANSWER_BYTES);
        let body = reader.read_to_vec().map_err(no_answer)?;
        if status == 200 {
            return Ok(body);
        }
        let failure = minicbor::decode::<Failure>(&body).map_err(|_| not_ours())?;
        Err(OfficeError::Declined {
            path,
            failure,
            retry_after_s,
        })
    }
}
/// What head office said, if it was head office.
fn signed_by_office<T: for<'b> Decode<'b, ()>>(
    enrolled: &Enrolled,
    context: Context,
    answer: &[u8],
) -> Option<T> {
    let signed = Signed::from_bytes(answer).ok()?;
    let office = enrolled.office.certified(&Subject::Office);
    let mut by_office = office
        .iter()
        .filter_map(|key| signed.verified(context, key).ok());
    minicbor::decode(by_office.next()?).ok()
}
