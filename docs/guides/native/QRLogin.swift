// Swift 5.5 or newer, iOS 15 or newer: Foundation alone.
import Foundation

struct Refused: Error, Decodable {
    let code: String
    let title: String
    let detail: String?
}

struct Scanned: Decodable {
    struct Asking: Decodable {
        let browser: String
        let ip: String?
        let place: String?
        let age: Int
    }

    let site: String
    let asking: Asking
    let warnings: [String]
    let confirmation: String  // "tap", "match" or "reauth"; ask for an update at any other
    let choices: [String]
    let confirm_token: String
}

final class QRLogin: NSObject, URLSessionTaskDelegate {
    private let site: URL
    private let bearer: String

    init(site: URL, bearer: String) {
        self.site = site
        self.bearer = bearer
    }

    /// The token in a link that the camera read; nil if it is not a login code of this site.
    func token(in link: String) -> String? {
        guard let url = URL(string: link), url.scheme == site.scheme, url.host == site.host,
            url.port == site.port, url.path.hasPrefix("/qrlogin/s/")
        else { return nil }
        let token = String(url.path.dropFirst("/qrlogin/s/".count))
        return token.range(of: "^[A-Za-z0-9_-]{38}$", options: .regularExpression) == nil ? nil : token
    }

    func token(of typedCode: String) async throws -> String {
        struct Answer: Decodable { let token: String }
        return try await post("/qrlogin/api/code", ["code": typedCode], as: Answer.self).token
    }

    func scan(token: String) async throws -> Scanned {
        try await post("/qrlogin/api/scan", ["token": token], as: Scanned.self)
    }

    /// number: what the person picked ("match") or typed ("reauth"); nil for "tap".
    func approve(token: String, _ scanned: Scanned, number: String?, remember: Bool = false) async throws {
        var body: [String: Any] = [
            "token": token, "confirm_token": scanned.confirm_token, "remember": remember,
        ]
        if let number = number { body["number"] = number }
        _ = try await post("/qrlogin/api/approve", body, as: Progress.self)
    }

    func deny(token: String, _ scanned: Scanned) async throws {
        let body = ["token": token, "confirm_token": scanned.confirm_token]
        _ = try await post("/qrlogin/api/deny", body, as: Progress.self)
    }

    private struct Progress: Decodable { let state: String }

    private func post<Answer: Decodable>(
        _ path: String, _ body: [String: Any], as type: Answer.Type
    ) async throws -> Answer {
        var request = URLRequest(url: URL(string: path, relativeTo: site)!)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization")
        request.httpBody = try JSONSerialization.data(withJSONObject: body)
        let (data, response) = try await URLSession.shared.data(for: request, delegate: self)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else {
            throw try JSONDecoder().decode(Refused.self, from: data)
        }
        return try JSONDecoder().decode(Answer.self, from: data)
    }

    // The token is for this site alone: follow no redirect.
    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest
    ) async -> URLRequest? { nil }
}
