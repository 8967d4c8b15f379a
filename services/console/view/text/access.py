"""Signing in and out, the locked screen, looks behind the glass, the privacy officer, and what is
said of a refusal."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "product": "Crisis Liaison",
    "sign_in_title": "Sign in",
    "sign_in_provider": "Sign in with your organisation's account",
    "choose": "Choose your desk",
    "no_desk": "You may not work at any desk. Ask your supervisor for a role; nothing else helps.",
    "agency_pages": "For your agency",
    "trying_title": "For trying only",
    "trying": "No password is asked. Not for use with real people's data.",
    "live_refused": "Sign-in for trying is switched off in the live environment.",
    "live_remedy": (
        "Set up the identity provider (LIAISON_OIDC_ISSUER). To try the console, set "
        "LIAISON_ENVIRONMENT=try."
    ),
    "initials": "Your initials",
    "initials_hint": "2 to 4 letters. They are kept with everything you do.",
    "initials_wrong": "Enter your initials: 2 to 4 letters.",
    "role": "Role",
    "desk": "Desk",
    "desk_hint": "Type a part of its name, e.g. a borough or a service, and choose it from the list.",
    "desk_wrong": "No desk is called so. Type a part of its name, e.g. a borough or a service.",
    "desk_unclear": "No desk is called exactly so. Choose one of these.",
    "desk_again": "Type another name",
    "sign_in": "Open the desk",
    "sign_out": "Sign out",
    "other_desks": "Desks",
    "preferences": "Screen, sound and keys",
    "lock": "Lock screen",
    "locked_title": "Screen locked",
    "locked_said": (
        "Alerts go on to sound. Nothing about anybody is shown until you show again who you are."
    ),
    "locked_waiting": "Waiting at this desk",
    "unlock": "Unlock",
    "unlock_provider": "Sign in again to unlock",
    "unlock_wrong": "Enter the initials with which you signed in.",
    "skip_main": "Skip to the content",
    "unknown_desk": "There is no such desk.",
    "unknown_desk_remedy": "Choose one from the list of desks.",
    "unknown_alert": "This desk has no such alert.",
    "unknown_alert_remedy": "Go back to the desk's alerts.",
    "signed_out": "You are not signed in, or your session has ended.",
    "signed_out_remedy": "Sign in again. Alerts do not sound here until you do.",
    "other_desk": "This desk is not one of yours.",
    "other_desk_remedy": "Choose one of your own desks. What you tried is kept in the audit.",
    "not_your_role": "Your role does not include this.",
    "not_your_role_remedy": "Ask your supervisor. What you tried is kept in the audit.",
    "unknown_agency": "There is no such agency.",
    "unknown_agency_remedy": "Go to the list of desks.",
    "sessions": "Where you are signed in",
    "sessions_hint": "End what is not yours or was left open. Its screen shows nothing within a second.",
    "session_began": "Signed in",
    "session_active": "Last used",
    "session_ends": "Ends by itself",
    "session_state": "State",
    "session_this": "This screen",
    "session_locked": "Locked",
    "session_open": "Open",
    "session_end": "End it",
    "no_such_session": "You have no such session.",
    "no_such_session_remedy": "It may have ended by itself. Load the list again.",
    "locked": "The screen is locked.",
    "locked_remedy": "Unlock it.",
    "provider_away": "The identity provider does not answer.",
    "provider_away_remedy": (
        "Who is signed in can go on working. Try again in a minute, and tell the operations team."
    ),
    "sign_in_failed": "The sign-in was not completed.",
    "sign_in_failed_remedy": (
        "Begin again from the sign-in page. If it fails again, tell the operations team."
    ),
    "too_weak": "The sign-in was not strong enough.",
    "too_weak_remedy": "Sign in with your smartcard or security key.",
    "not_shown_again": "A screen of yours is locked, and the identity provider did not see you since.",
    "not_shown_again_remedy": (
        "Begin again from the sign-in page and show it who you are. If it fails again, tell the operations team: "
        "the provider must state auth_time."
    ),
    "logout_token": "The logout token is not valid.",
    "forged": "This form is out of date.",
    "forged_remedy": "Load the page again and repeat what you did. Nothing was changed.",
    "not_found": "There is no such page.",
    "unavailable": "The ledger cannot be reached.",
    "unavailable_remedy": (
        "Nothing was changed. Use the telephone procedures, and tell the operations team. "
        "Load the page again in a minute."
    ),
    "start": "Go to the list of desks",
    "glass_title": "Break glass",
    "glass_hint": (
        "For a crisis of which this desk has no alert, where somebody's safety asks for it. "
        "It opens one crisis to you alone, for {minutes} minutes or until you sign out. A "
        "privacy officer sees who looked, when and why."
    ),
    "glass_agency": "Whose incident",
    "glass_incident": "Its reference",
    "glass_reason": "Why it is needed",
    "glass_reason_hint": "At least ten letters. No names.",
    "glass_reason_wrong": "Say why in at least ten letters: a privacy officer reads it.",
    "glass_not_found": "There is no such incident. What you tried is kept.",
    "glass_do": "Break the glass",
    "glass_open": "You look behind the glass until {when}. Reason: {reason}",
    "glass_end": "End the look",
    "glass_finding_wrong": "Choose a finding and say why.",
    "glass_not_reviewed": "This was not kept: it was reviewed already, or it is your own look.",
    "privacy_title": "Looks behind the glass",
    "privacy_none": "Nobody of this agency has looked behind the glass.",
    "privacy_waiting": "Waits for review",
    "privacy_views": "Pages seen",
    "privacy_until": "until",
    "privacy_finding": "Finding",
    "privacy_choose": "Choose",
    "privacy_note": "Why",
    "privacy_keep": "Keep the finding",
    "privacy_keep_of": "Keep the finding of look {n}",
    "finding_justified": "Justified",
    "finding_not-justified": "Not justified",
    "finding_to-be-discussed": "To be discussed",
    "audit_title": "Who looked at what",
    "audit_hint": (
        "Everything that people of this agency's desks did and saw. Your looking here is kept too."
    ),
    "audit_who": "Staff number or initials",
    "audit_about": "Subject, e.g. an alert's, a crisis's or a person's id",
    "audit_action": "Begins with, e.g. crisis. or review.",
    "audit_search": "Search",
    "audit_none": "No record answers to this.",
    "audit_older": "Older",
    "audit_number": "Reference",
    "audit_subject": "Subject",
    "not_done": "This was not done.",
    "not_done_title": "Not done",
    "not_done_remedy": "Nothing was changed.",
    "badly": "This cannot be understood.",
    "badly_remedy": (
        "Go back, check what you typed (a reason has 500 characters at the most) and send it "
        "again. Nothing was changed."
    ),
    "nav": "Desk",
    "nav_review": "Who is it?",
    "nav_supervise": "Supervision",
    "governance": "Governance figures",
    "privacy_queue": "Looks behind the glass",
}
