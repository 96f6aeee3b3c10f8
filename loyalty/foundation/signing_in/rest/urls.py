"""Addresses of signing in."""

from django.urls import URLPattern, path

from loyalty.foundation.signing_in.rest import administering, entering, federating, own

# These live at /api/auth/, outside of the versioned API, beside those of access.
auth_paths: list[URLPattern] = [
    path("login/", entering.LoginView.as_view(), name="auth-login"),
    path("logout/", entering.LogoutView.as_view(), name="auth-logout"),
    path("session/stepUp/", entering.StepUpView.as_view(), name="session-step-up"),
    path("session/password/", own.PasswordView.as_view(), name="session-password"),
    path("session/password/forgotten/", own.ForgottenView.as_view(), name="session-password-forgotten"),
    path("session/password/reset/", own.ResetView.as_view(), name="session-password-reset"),
    path("session/secondFactor/", own.SecondFactorView.as_view(), name="session-second-factor"),
    path("session/secondFactor/verify/", entering.VerifyView.as_view(), name="session-second-factor-verify"),
    path("session/secondFactor/enrol/", own.EnrolView.as_view(), name="session-second-factor-enrol"),
    path("session/secondFactor/confirm/", own.ConfirmView.as_view(), name="session-second-factor-confirm"),
    path("session/secondFactor/recoveryCodes/", own.RecoveryCodesView.as_view(), name="session-recovery-codes"),
    path("session/oidc/", federating.ProviderView.as_view(), name="session-oidc"),
    path("session/oidc/start/", federating.DepartView.as_view(), name="session-oidc-start"),
    path("session/oidc/callback/", federating.ArriveView.as_view(), name="session-oidc-callback"),
    path("sessions/", own.SessionsView.as_view(), name="sessions"),
    path("sessions/endOthers/", own.EndOthersView.as_view(), name="sessions-end-others"),
    path("sessions/<str:id>/", own.SessionView.as_view(), name="session"),
]
routes: list[tuple[str, type, str]] = []
USER = "users/<str:id>"
paths: list[URLPattern] = [
    path(f"{USER}/signIn/", administering.SignInStateView.as_view(), name="user-sign-in"),
    path(f"{USER}/passwordReset/", administering.PasswordResetView.as_view(), name="user-password-reset"),
    path(f"{USER}/mustChangePassword/", administering.MustChangePasswordView.as_view(), name="user-must-change"),
    path(f"{USER}/secondFactor/", administering.UserSecondFactorView.as_view(), name="user-second-factor"),
    path(f"{USER}/unlock/", administering.UnlockView.as_view(), name="user-unlock"),
    path(f"{USER}/sessions/", administering.UserSessionsView.as_view(), name="user-sessions"),
]
