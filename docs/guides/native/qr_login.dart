// Dart 3, Flutter: package:http, which has to be in pubspec.yaml.
import 'dart:convert';

import 'package:http/http.dart' as http;

class Refused implements Exception {
  Refused(this.code, this.message);
  final String code;
  final String message;
  @override
  String toString() => message;
}

class Scanned {
  Scanned(this.token, Map<String, dynamic> answer)
      : confirmToken = answer['confirm_token'] as String,
        confirmation = answer['confirmation'] as String, // tap, match or reauth
        choices = (answer['choices'] as List).cast<String>(),
        warnings = (answer['warnings'] as List).cast<String>(),
        site = answer['site'] as String,
        asking = answer['asking'] as Map<String, dynamic>; // browser, ip, place, age
  final String token;
  final String confirmToken;
  final String confirmation;
  final List<String> choices;
  final List<String> warnings;
  final String site;
  final Map<String, dynamic> asking;
}

class QRLogin {
  QRLogin(this.site, this.bearer);
  final Uri site;
  final String bearer;

  /// The token in a link that the camera read; null if it is not a login code of this site.
  String? tokenIn(String link) {
    final uri = Uri.tryParse(link);
    if (uri == null || !uri.isScheme(site.scheme) || uri.authority != site.authority) return null;
    return RegExp(r'^/qrlogin/s/([A-Za-z0-9_-]{38})$').firstMatch(uri.path)?.group(1);
  }

  Future<String> tokenOf(String typedCode) async =>
      (await _post('/qrlogin/api/code', {'code': typedCode}))['token'] as String;

  Future<Scanned> scan(String token) async =>
      Scanned(token, await _post('/qrlogin/api/scan', {'token': token}));

  /// [number]: what the person picked (match) or typed (reauth); null for tap.
  Future<void> approve(Scanned scanned, {String? number, bool remember = false}) =>
      _post('/qrlogin/api/approve', {
        'token': scanned.token,
        'confirm_token': scanned.confirmToken,
        'remember': remember,
        if (number != null) 'number': number,
      });

  Future<void> deny(Scanned scanned) => _post('/qrlogin/api/deny', {
        'token': scanned.token,
        'confirm_token': scanned.confirmToken,
      });

  Future<Map<String, dynamic>> _post(String path, Map<String, Object> body) async {
    final request = http.Request('POST', site.resolve(path))
      ..followRedirects = false // The token is for this site alone.
      ..headers['Content-Type'] = 'application/json'
      ..headers['Authorization'] = 'Bearer $bearer'
      ..bodyBytes = utf8.encode(jsonEncode(body));
    final response = await http.Response.fromStream(await request.send());
    final answer = jsonDecode(utf8.decode(response.bodyBytes)) as Map<String, dynamic>;
    if (response.statusCode != 200) {
      throw Refused(answer['code'] as String, (answer['detail'] ?? answer['title']) as String);
    }
    return answer;
  }
}
