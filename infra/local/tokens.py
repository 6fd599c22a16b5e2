"""Access tokens for trying things out: a member of staff signed in through the pool, and a service."""

from __future__ import annotations

import base64
import json
import secrets
import string
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from infra.local.stack import Account

STAFF = "staff@kept.example"
GROUP = "staff"


class Tokens:
    """Issues tokens the way production does; the member of staff exists only in this emulator."""

    def __init__(self, account: Account, outputs: Mapping[str, str]) -> None:
        self._cognito = account.client("cognito-idp")
        self._endpoint = account.endpoint
        self._outputs = outputs
        # One of each class that a password policy may ask for.
        self.staff_password = secrets.token_urlsafe(24) + "".join(
            map(secrets.choice, (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+"))
        )

    def make_staff(self) -> None:
        """The member of staff, in the group `staff`."""
        pool = {"UserPoolId": self._outputs["UserPoolId"], "Username": STAFF}
        self._cognito.admin_create_user(
            **pool,
            MessageAction="SUPPRESS",
            TemporaryPassword=self.staff_password,
            UserAttributes=[{"Name": "email", "Value": STAFF}, {"Name": "email_verified", "Value": "true"}],
        )
        self._cognito.admin_set_user_password(**pool, Password=self.staff_password, Permanent=True)
        self._cognito.admin_add_user_to_group(**pool, GroupName=GROUP)

    def staff_token(self) -> str:
        """An access token of the member of staff, through the staff client."""
        signed_in = self._cognito.admin_initiate_auth(
            UserPoolId=self._outputs["UserPoolId"],
            ClientId=self._outputs["StaffClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": STAFF, "PASSWORD": self.staff_password},
        )
        return str(signed_in["AuthenticationResult"]["AccessToken"])

    def service_token(self, *scopes: str) -> str:
        """An access token of the service client by client credentials, with these of its scopes or else all."""
        client = self._cognito.describe_user_pool_client(
            UserPoolId=self._outputs["UserPoolId"], ClientId=self._outputs["ServiceClientId"]
        )["UserPoolClient"]
        secret = f"{client['ClientId']}:{client['ClientSecret']}".encode()
        form = {"grant_type": "client_credentials", "scope": " ".join(scopes or client["AllowedOAuthScopes"])}
        request = urllib.request.Request(
            f"{self._endpoint}/oauth2/token",
            data=urllib.parse.urlencode(form).encode(),
            headers={
                "Authorization": f"Basic {base64.b64encode(secret).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["access_token"])


def seconds_left(token: str) -> float:
    """How long a JWT is still valid, by its own `exp`."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(claims["exp"]) - time.time()
