"""Signing in through Cognito's own pages: the authorization code flow with PKCE (RFC 6749, 7636)."""

from __future__ import annotations

import base64
import binascii
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kept.domain.errors import NotSignedInError, UnavailableError
from kept.domain.staff import SignIn

_SECONDS = 5


class CognitoSignIn:
    """Keeps the port `StaffSignIn`. `base` is the address of the user pool's own pages, without a path."""

    def __init__(self, base: str, client_id: str, public_url: str) -> None:
        self.base, self.client_id = base, client_id
        self._callback, self._home = f"{public_url}/desk/callback", f"{public_url}/desk"

    def begin(self, sign_in: SignIn) -> str:
        """As https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html has it."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self._callback,
            "scope": "openid",
            "state": sign_in.state,
            "code_challenge": sign_in.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.base}/oauth2/authorize?{urlencode(query)}"

    def end(self) -> str:
        """As https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html has it."""
        return f"{self.base}/logout?{urlencode({'client_id': self.client_id, 'logout_uri': self._home})}"

    def claims(self, code: str, verifier: str) -> Mapping[str, Any]:
        """The claims of the access token that a code is worth.

        It comes from the token endpoint itself, over TLS, which stands in for checking its signature (OpenID Connect
        Core, section 3.1.3.7). Raises NotSignedInError where the code is refused, UnavailableError.
        """
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        request = urllib.request.Request(  # noqa: S310  # the template's own address
            f"{self.base}/oauth2/token",
            urlencode(form).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # as above
                token = str(json.load(answer)["access_token"])
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise NotSignedInError("This sign-in was used already, or its time is over. Sign in again.") from None
            raise UnavailableError("Could not sign in") from error
        except (OSError, ValueError, KeyError) as error:
            raise UnavailableError("Could not sign in") from error
        return _claims(token)


def _claims(token: str) -> Mapping[str, Any]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (ValueError, IndexError, binascii.Error) as error:
        raise UnavailableError("Could not sign in") from error
    return claims if isinstance(claims, dict) else {}
